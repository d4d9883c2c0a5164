package delivery_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	rand2 "math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

const channel snowflake.ID = 2002

// world is a call and its members, each with a DAVE session of the product.
type world struct {
	t      testing.TB
	faults delivery.Faults
	call   *delivery.Call
	broken []string
	told   []snowflake.ID // of a new epoch, in this order

	mu      sync.Mutex // the owner's lock
	peers   []*peer
	keys    map[snowflake.ID]*mls.SignatureKey
	outdate func(p *peer, f signal.Frame) signal.Frame // what the way does to messages
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, keys: make(map[snowflake.ID]*mls.SignatureKey)}
	call, err := delivery.New(delivery.Options{
		Channel: channel, Faults: &w.faults,
		After: func(d time.Duration, f func()) func() {
			timer := time.AfterFunc(d, func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				f()
			})
			return func() { timer.Stop() }
		},
		Broken: func(m *delivery.Seat, rule delivery.Rule, detail string) {
			w.broken = append(w.broken, fmt.Sprintf("%d: %s: %s", m.User, rule, detail))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.call = call
	return w
}

// peer is a member and what it has not dealt with.
type peer struct {
	w       *world
	user    snowflake.ID
	seat    *delivery.Seat
	session *dave.Session // nil: knows no DAVE
	inbox   []signal.Frame
	seen    []signal.Op
	keysNew int // fresh keys it was told to use
	version int
	mute    bool // sends no op 23
}

// near is a peer who hears the others at once.
type near struct{ *peer }

func (near) Near() {}

func (p *peer) push(f signal.Frame) {
	f.Seq = signal.NoSeq
	p.inbox = append(p.inbox, f)
}

func (p *peer) tell(op signal.Op, d any) {
	data, err := json.Marshal(d)
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.push(signal.Frame{Op: op, Data: data})
}

func (p *peer) SendJSON(op delivery.Op, d any) { p.tell(signal.Op(op), d) }
func (p *peer) SendBinary(op delivery.Op, b []byte) {
	if op == delivery.OpAnnounceCommit || op == delivery.OpWelcome {
		p.w.told = append(p.w.told, p.user)
	}
	p.push(signal.Frame{Op: signal.Op(op), Binary: true, Data: b})
}

func (p *peer) Executed(version int, fresh bool) {
	p.version = version
	if fresh {
		p.keysNew++
	}
}

func (p *peer) WriteText(_ context.Context, op signal.Op, d any) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	var v delivery.Transition
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	switch {
	case op == signal.OpDAVETransitionReady && p.mute:
	case op == signal.OpDAVETransitionReady:
		p.w.call.Ready(p.seat, v.ID)
	default:
		p.w.call.Invalid(p.seat, v.ID)
	}
	return nil
}

func (p *peer) WriteBinary(_ context.Context, op signal.Op, b []byte) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if op == signal.OpMLSKeyPackage {
		p.w.call.KeyPackage(p.seat, b)
	} else {
		p.w.call.Commit(p.seat, b)
	}
	return nil
}

// keyFor makes the signature key a user always has.
func (w *world) keyFor(user snowflake.ID) {
	w.t.Helper()
	if w.keys[user] == nil {
		key, err := mls.NewSignatureKey(rand.Reader)
		if err != nil {
			w.t.Fatal(err)
		}
		w.keys[user] = key
	}
}

// join lets a user in with a client that knows DAVE up to a version.
func (w *world) join(user snowflake.ID, newest int) *peer {
	w.t.Helper()
	w.keyFor(user)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seat(&peer{w: w, user: user}, newest, func(p *peer) delivery.Member { return p })
}

// seat lets a peer in, who is some kind of member. w.mu is held.
func (w *world) seat(p *peer, newest int, member func(p *peer) delivery.Member) *peer {
	user := p.user
	if newest > 0 {
		p.session = dave.NewSession(dave.Options{
			User: user, Key: w.keys[user], Channel: func() snowflake.ID { return channel },
		})
	}
	var users []snowflake.ID
	for _, o := range w.peers {
		users = append(users, o.user)
		o.tell(signal.OpClientsConnect, map[string]any{"user_ids": []snowflake.ID{user}})
	}
	p.tell(signal.OpClientsConnect, map[string]any{"user_ids": users})
	w.peers = append(w.peers, p)
	p.seat = w.call.Join(member(p), user, newest, func(version int) {
		p.tell(signal.OpSessionDescription, map[string]int{"dave_protocol_version": version})
	})
	return p
}

func (w *world) leave(p *peer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peers = slices.DeleteFunc(w.peers, func(o *peer) bool { return o == p })
	for _, o := range w.peers {
		o.tell(signal.OpClientDisconnect, map[string]any{"user_id": p.user})
	}
	w.call.Leave(p.seat)
}

// state is the call's state.
func (w *world) state() delivery.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.call.State()
}

// step lets a peer deal with its oldest message, if there is one.
func (w *world) step(p *peer) bool {
	w.mu.Lock()
	if len(p.inbox) == 0 {
		w.mu.Unlock()
		return false
	}
	f := p.inbox[0]
	p.inbox = p.inbox[1:]
	w.mu.Unlock()
	p.seen = append(p.seen, f.Op)
	if w.outdate != nil {
		f = w.outdate(p, f)
	}
	if p.session != nil {
		if err := p.session.HandleDAVE(context.Background(), p, f); err != nil {
			w.t.Errorf("user %d, op %d: %v", p.user, f.Op, err)
		}
	}
	return true
}

// settle lets everybody deal with everything.
func (w *world) settle() {
	for busy := true; busy; {
		busy = false
		for _, p := range slices.Clone(w.peers) {
			busy = w.step(p) || busy
		}
	}
}

// shuffle deals with n messages of peers chosen at random.
func (w *world) shuffle(r *mathrand, n int) {
	for range n {
		if len(w.peers) > 0 {
			w.step(w.peers[r.IntN(len(w.peers))])
		}
	}
}

type mathrand = rand2.Rand

// agree checks that all members that know DAVE share a group, and hear each other.
func (w *world) agree() {
	w.t.Helper()
	s := w.state()
	var users []snowflake.ID
	for _, p := range w.peers {
		users = append(users, p.user)
	}
	slices.Sort(users)
	if len(users) > 1 && (!s.Established || s.Proposals+s.Transitions+len(s.Waiting) > 0) {
		w.t.Errorf("the call did not settle: %+v", s)
	}
	for _, p := range w.peers {
		got := p.session.Status()
		if len(users) == 1 {
			if got.Established || got.Sending != dave.Nothing {
				w.t.Errorf("alone, %d has %+v", p.user, got)
			}
			continue
		}
		if got.Epoch != s.Epoch || got.PrivacyCode != w.peers[0].session.Status().PrivacyCode || !slices.Equal(got.Members, users) {
			w.t.Errorf("%d has %+v, want epoch %d of %v", p.user, got, s.Epoch, users)
		}
		w.hear(p)
	}
	if len(w.broken) > 0 {
		w.t.Errorf("broken rules: %q", w.broken)
	}
}

// hear checks that everybody else hears p.
func (w *world) hear(p *peer) {
	w.t.Helper()
	frame, err := p.session.SealFrame(nil, []byte("sound"))
	if err != nil {
		w.t.Errorf("%d can not speak: %v", p.user, err)
		return
	}
	for _, o := range w.peers {
		if o == p {
			continue
		}
		if got, err := o.session.OpenFrame(nil, p.user, frame); err != nil || string(got) != "sound" {
			w.t.Errorf("%d hears %q, %v from %d", o.user, got, err, p.user)
		}
	}
}

// count is how many messages with an opcode a peer dealt with.
func (p *peer) count(op signal.Op) (n int) {
	for _, o := range p.seen {
		if o == op {
			n++
		}
	}
	return n
}
