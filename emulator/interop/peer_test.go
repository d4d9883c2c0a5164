package interop_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// message is one message of the voice gateway about encryption, in either direction.
type message struct {
	op   signal.Op
	data []byte // the JSON of d, or what follows the opcode
}

func text(t *testing.T, op signal.Op, d any) message {
	t.Helper()
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return message{op, b}
}

// transition is what ops 21, 22, 23 and 31 say.
type transition struct {
	ID      uint16 `json:"transition_id"`
	Version int    `json:"protocol_version"`
}

// peer is one client's encryption. What it answers is complete after a flush of the
// davey process.
type peer interface {
	tell(m message)
	take() []message // what it sent since
	// seal and open end in a call of then, at once or at the next flush. A seal
	// that has no key gives nil.
	seal(frame []byte, then func(sealed []byte))
	open(from snowflake.ID, frame []byte, then func(opened []byte, failure string))
}

// ours is the product: a dave.Session, told what signal.Conn would tell it.
type ours struct {
	t       *testing.T
	session *dave.Session
	sent    []message
}

func (o *ours) WriteText(_ context.Context, op signal.Op, d any) error {
	o.sent = append(o.sent, text(o.t, op, d))
	return nil
}

func (o *ours) WriteBinary(_ context.Context, op signal.Op, payload []byte) error {
	o.sent = append(o.sent, message{op, slices.Clone(payload)})
	return nil
}

func (o *ours) tell(m message) {
	o.t.Helper()
	frame := signal.Frame{Op: m.op, Seq: signal.NoSeq, Data: slices.Clone(m.data)}
	frame.Binary = m.op >= signal.OpMLSExternalSender && m.op <= signal.OpMLSWelcome
	if err := o.session.HandleDAVE(o.t.Context(), o, frame); err != nil {
		o.t.Fatalf("our session, op %d: %v", m.op, err)
	}
}

func (o *ours) take() []message {
	sent := o.sent
	o.sent = nil
	return sent
}

func (o *ours) seal(frame []byte, then func([]byte)) {
	sealed, err := o.session.SealFrame(nil, frame)
	if err != nil {
		sealed = nil
	}
	then(sealed)
}

func (o *ours) open(from snowflake.ID, frame []byte, then func([]byte, string)) {
	opened, err := o.session.OpenFrame(nil, from, frame)
	if err != nil {
		then(nil, err.Error())
		return
	}
	then(opened, "")
}

// foreign is a davey session and, around it, the little that a client does: what
// @discordjs/voice does with the same messages.
type foreign struct {
	user, channel snowflake.ID
	davey         *davey
	sender        []byte
	known         []snowflake.ID
	sent          []message
	refused       string // what davey threw at the newest op 27, "" for nothing
}

func (f *foreign) tell(m message) {
	t := f.davey.t
	t.Helper()
	switch m.op {
	case signal.OpSessionDescription, signal.OpDAVEPrepareEpoch:
		f.renew()
	case signal.OpClientsConnect:
		f.known = append(f.known, clients(t, m)...)
	case signal.OpClientDisconnect:
		f.known = slices.DeleteFunc(f.known, func(id snowflake.ID) bool { return id == clients(t, m)[0] })
	case signal.OpMLSExternalSender:
		f.sender = m.data
		f.davey.queue(call{Do: "sender", As: f.user, Data: m.data}, nil)
	case signal.OpMLSProposals:
		f.davey.queue(call{Do: "proposals", As: f.user, Data: m.data, Known: slices.Clone(f.known)}, f.propose)
	case signal.OpMLSAnnounceCommit:
		f.advance("commit", m.data)
	case signal.OpMLSWelcome:
		f.advance("welcome", m.data)
	default:
		// davey changes its key when it takes a commit, and waits for no op 22.
	}
}

func (f *foreign) renew() {
	f.davey.queue(call{Do: "create", As: f.user, Channel: f.channel}, nil)
	if f.sender != nil {
		f.davey.queue(call{Do: "sender", As: f.user, Data: f.sender}, nil)
	}
	c := call{Do: "package", As: f.user}
	f.davey.queue(c, func(a answer) {
		f.davey.demand(c, a)
		f.sent = append(f.sent, message{signal.OpMLSKeyPackage, a.Data})
	})
}

func (f *foreign) propose(a answer) {
	if f.refused = a.Error; a.Commit != nil {
		f.sent = append(f.sent, message{signal.OpMLSCommitWelcome, append(a.Commit, a.Welcome...)})
	}
}

func (f *foreign) advance(do string, data []byte) {
	id := binary.BigEndian.Uint16(data)
	f.davey.queue(call{Do: do, As: f.user, Data: data[2:]}, func(a answer) {
		switch {
		case a.Error != "":
			f.refused = a.Error
			f.sent = append(f.sent, text(f.davey.t, signal.OpMLSInvalidCommit, transition{ID: id}))
			f.renew() // runs in the next flush
		case id != 0:
			f.sent = append(f.sent, text(f.davey.t, signal.OpDAVETransitionReady, transition{ID: id}))
		}
	})
}

func (f *foreign) take() []message {
	sent := f.sent
	f.sent = nil
	return sent
}

func (f *foreign) seal(frame []byte, then func([]byte)) {
	f.davey.queue(call{Do: "seal", As: f.user, Data: frame}, func(a answer) { then(a.Data) })
}

func (f *foreign) open(from snowflake.ID, frame []byte, then func([]byte, string)) {
	f.davey.queue(call{Do: "open", As: f.user, From: from, Data: frame}, func(a answer) { then(a.Data, a.Error) })
}

// watcher follows the group with voice/mls alone: it never commits and has no media,
// but it knows the secrets of the epoch.
type watcher struct {
	t         *testing.T
	key       *mls.SignatureKey
	identity  []byte
	own       *mls.PrivateKeyPackage
	group     *mls.Group // nil outside
	proposals map[mls.ProposalRef]mls.Proposal
	sent      []message
}

func (w *watcher) tell(m message) {
	w.t.Helper()
	switch m.op {
	case signal.OpSessionDescription, signal.OpDAVEPrepareEpoch:
		w.group = nil
		w.own = must[*mls.PrivateKeyPackage](w.t)(mls.NewKeyPackage(rand.Reader, w.key, w.identity))
		w.sent = append(w.sent, message{signal.OpMLSKeyPackage, w.own.KeyPackage.Marshal()})
	case signal.OpMLSProposals:
		if w.group != nil && m.data[0] == 0 {
			w.learn(m.data[1:])
		}
	case signal.OpMLSAnnounceCommit:
		w.process(m.data[2:])
		w.ready(m.data)
	case signal.OpMLSWelcome:
		welcome := must[*mls.Welcome](w.t)(mls.ParseWelcome(m.data[2:]))
		w.group = must[*mls.Group](w.t)(mls.JoinGroup(welcome, w.own))
		w.ready(m.data)
	default:
	}
}

func (w *watcher) learn(vector []byte) {
	w.t.Helper()
	rest, _, err := mls.ReadVector(vector)
	for err == nil && len(rest) > 0 {
		var m *mls.PublicMessage
		if m, rest, err = mls.ParsePublicMessage(rest); err != nil {
			break
		}
		var p mls.CachedProposal
		if p, err = w.group.VerifyProposal(m); err == nil {
			w.proposals[p.Ref] = p.Proposal
		}
	}
	if err != nil {
		w.t.Fatalf("the watcher, op 27: %v", err)
	}
}

func (w *watcher) process(commit []byte) {
	w.t.Helper()
	m, _, err := mls.ParsePublicMessage(commit)
	if err != nil {
		w.t.Fatal(err)
	}
	group, err := w.group.Process(m, func(ref mls.ProposalRef) (mls.Proposal, bool) {
		p, ok := w.proposals[ref]
		return p, ok
	})
	if err != nil {
		w.t.Fatalf("the watcher, op 29: %v", err)
	}
	w.group = group
	clear(w.proposals)
}

func (w *watcher) ready(data []byte) {
	if id := binary.BigEndian.Uint16(data); id != 0 {
		w.sent = append(w.sent, text(w.t, signal.OpDAVETransitionReady, transition{ID: id}))
	}
}

func (w *watcher) take() []message {
	sent := w.sent
	w.sent = nil
	return sent
}

func (w *watcher) seal(_ []byte, then func([]byte)) { then(nil) }

func (w *watcher) open(_ snowflake.ID, _ []byte, then func([]byte, string)) { then(nil, "a watcher") }

// clients reads op 11 or 13.
func clients(t *testing.T, m message) []snowflake.ID {
	t.Helper()
	var d struct {
		Users []snowflake.ID `json:"user_ids"`
		User  snowflake.ID   `json:"user_id"`
	}
	if err := json.Unmarshal(m.data, &d); err != nil {
		t.Fatal(err)
	}
	if d.User != 0 {
		return []snowflake.ID{d.User}
	}
	return d.Users
}
