package delivery_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
	"busker/voice/mls"
	"busker/voice/signal"
)

func TestALeaverIsRevoked(t *testing.T) {
	w := newWorld(t)
	a, b := w.join(1, 1), w.join(2, 1)
	w.settle()
	c := w.join(3, 1)
	for c.count(signal.OpSessionDescription) == 0 {
		w.step(c) // sends its key package
	}
	if got := w.state(); got.Proposals != 1 {
		t.Fatalf("nothing is proposed: %+v", got)
	}
	w.leave(c)
	if got := w.state(); got.Proposals != 0 {
		t.Fatalf("nothing was revoked: %+v", got)
	}
	w.settle()
	w.agree()
	if got := w.state(); got.Epoch != 1 || a.count(signal.OpMLSProposals)+b.count(signal.OpMLSProposals) < 4 {
		t.Errorf("epoch %d, a was told %v, b %v", got.Epoch, a.seen, b.seen)
	}
}

// keeper keeps a peer's commits from the call.
type keeper struct {
	*peer
	commit []byte
}

func (k *keeper) WriteBinary(ctx context.Context, op signal.Op, b []byte) error {
	if op == signal.OpMLSCommitWelcome {
		k.commit = slices.Clone(b)
		return nil
	}
	return k.peer.WriteBinary(ctx, op, b)
}

// aCommit returns a call of 1, 2 and 3, of which 2 leaves and 4 comes, and the commit
// of 1 on that, which the call has not had.
func aCommit(t testing.TB) (w *world, author *peer, op28 []byte) {
	t.Helper()
	w = newWorld(t)
	a, b := w.join(1, 1), w.join(2, 1)
	w.join(3, 1)
	w.settle()
	w.faults.Frozen = true
	w.leave(b)
	d := w.join(4, 1)
	for w.step(d) {
	}
	w.faults.Frozen = false
	w.mu.Lock()
	w.call.Thaw()
	w.mu.Unlock()
	k := &keeper{peer: a}
	for ; len(a.inbox) > 0; a.inbox = a.inbox[1:] {
		if err := a.session.HandleDAVE(context.Background(), k, a.inbox[0]); err != nil {
			t.Fatal(err)
		}
	}
	return w, a, k.commit
}

// spoiler makes something else of an op 28.
type spoiler func(t *testing.T, op28 []byte) []byte

// commitWith changes the commit.
func commitWith(change func(m *mls.PublicMessage)) spoiler {
	return func(t *testing.T, op28 []byte) []byte {
		t.Helper()
		m, welcome, err := mls.ParsePublicMessage(op28)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		return append(m.Marshal(), welcome...)
	}
}

// welcomeWith changes the Welcome.
func welcomeWith(change func(w *mls.Welcome)) spoiler {
	return func(t *testing.T, op28 []byte) []byte {
		t.Helper()
		m, rest, err := mls.ParsePublicMessage(op28)
		if err != nil {
			t.Fatal(err)
		}
		w, err := mls.ParseWelcome(rest)
		if err != nil {
			t.Fatal(err)
		}
		change(w)
		return append(m.Marshal(), w.Marshal()...)
	}
}

func TestCommitsThatBreakRules(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil spoiler
		want  string // the rule, "" for none
		taken bool
	}{
		{"nothing", func(_ *testing.T, b []byte) []byte { return b }, "", true},
		{"cut off", func(_ *testing.T, b []byte) []byte { return b[:40] }, "invalid commit", false},
		{"empty", func(*testing.T, []byte) []byte { return nil }, "invalid commit", false},
		{"without Welcome", func(t *testing.T, b []byte) []byte {
			_, welcome, err := mls.ParsePublicMessage(b)
			if err != nil {
				t.Fatal(err)
			}
			return b[:len(b)-len(welcome)]
		}, "missing welcome", false},
		{"Welcome for nobody in it", welcomeWith(func(w *mls.Welcome) { w.Secrets = nil }), "missing welcome", false},
		{"Welcome for a stranger", welcomeWith(func(w *mls.Welcome) { w.Secrets[0].NewMember[0] ^= 1 }), "invalid commit", false},
		{"without path", commitWith(func(m *mls.PublicMessage) { m.Content.Commit.Path = nil }), "missing path", false},
		{"another identity in the path", commitWith(func(m *mls.PublicMessage) {
			m.Content.Commit.Path.LeafNode.Credential.Identity = []byte("somebody")
		}), "invalid commit", false},
		{"inline proposal", commitWith(func(m *mls.PublicMessage) {
			m.Content.Commit.Proposals[0].Inline = &mls.Proposal{Type: mls.ProposalRemove, Remove: 1}
		}), "inline proposal", false},
		{"another group", commitWith(func(m *mls.PublicMessage) { m.Content.GroupID = []byte("guild ID") }), "invalid commit", false},
		{"another leaf", commitWith(func(m *mls.PublicMessage) { m.Content.Sender.Leaf++ }), "invalid commit", false},
		{"a proposal left out", commitWith(func(m *mls.PublicMessage) {
			m.Content.Commit.Proposals = m.Content.Commit.Proposals[:1]
		}), "", false},
		{"a proposal twice", commitWith(func(m *mls.PublicMessage) {
			m.Content.Commit.Proposals[0] = m.Content.Commit.Proposals[1]
		}), "", false},
		{"an old epoch", commitWith(func(m *mls.PublicMessage) { m.Content.Epoch-- }), "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, a, commit := aCommit(t)
			before := w.state().Epoch
			w.mu.Lock()
			w.call.Commit(a.seat, tt.spoil(t, commit))
			w.mu.Unlock()
			if taken := w.state().Epoch > before; taken != tt.taken {
				t.Errorf("taken: %v", taken)
			}
			w.expect(tt.want)
			w.broken = nil
			w.settle() // others commit as well
			w.agree()
		})
	}
}

// expect checks which rule was broken, "" for none.
func (w *world) expect(rule string) {
	w.t.Helper()
	if rule == "" && len(w.broken) > 0 || rule != "" && (len(w.broken) != 1 || !strings.Contains(w.broken[0], rule)) {
		w.t.Errorf("broken rules %q, want %q", w.broken, rule)
	}
}

func TestKeyPackagesThatBreakRules(t *testing.T) {
	made := func(t *testing.T, user snowflake.ID, key *mls.SignatureKey) *mls.KeyPackage {
		t.Helper()
		k, err := mls.NewKeyPackage(rand.Reader, key, binary.BigEndian.AppendUint64(nil, uint64(user)))
		if err != nil {
			t.Fatal(err)
		}
		return k.KeyPackage
	}
	for _, tt := range []struct {
		name  string
		bytes func(t *testing.T, w *world) []byte
		good  bool
	}{
		{"good", func(t *testing.T, w *world) []byte { return made(t, 2, w.keys[2]).Marshal() }, true},
		{"of another user", func(t *testing.T, w *world) []byte { return made(t, 3, w.keys[2]).Marshal() }, false},
		{"with the key of another user", func(t *testing.T, w *world) []byte { return made(t, 2, w.keys[1]).Marshal() }, false},
		{"not signed", func(t *testing.T, w *world) []byte {
			k := made(t, 2, w.keys[2])
			k.InitKey = made(t, 2, w.keys[2]).InitKey
			return k.Marshal()
		}, false},
		{"of another suite", func(t *testing.T, w *world) []byte {
			k := made(t, 2, w.keys[2])
			k.CipherSuite = 1
			return k.Marshal()
		}, false},
		{"wrapped", func(t *testing.T, w *world) []byte {
			return append([]byte{0, 1, 0, 5}, made(t, 2, w.keys[2]).Marshal()...)
		}, false},
		{"empty", func(*testing.T, *world) []byte { return nil }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.join(1, 1)
			w.settle()
			b := w.join(2, 1)
			w.mu.Lock()
			w.call.KeyPackage(b.seat, tt.bytes(t, w))
			w.mu.Unlock()
			if tt.good {
				w.expect("")
			} else {
				w.expect(string(delivery.InvalidKeyPackage))
			}
			w.broken = nil
			w.settle() // it sends a good one
			w.agree()
		})
	}
}

func TestReadiness(t *testing.T) {
	w := newWorld(t)
	a := w.join(1, 1)
	w.join(2, 1)
	w.settle()
	w.join(3, 1)
	w.settle()
	w.expect("")
	w.mu.Lock()
	w.call.Ready(a.seat, 0) // id 0 waits for nobody
	w.call.Ready(a.seat, 1) // again
	w.call.Ready(a.seat, 9)
	w.mu.Unlock()
	if len(w.broken) != 3 || !strings.Contains(w.broken[2], string(delivery.UnknownTransition)) {
		t.Errorf("broken rules %q", w.broken)
	}
}

// TestOwedReadiness lets a client keep an op 23 to itself. That shows when it commits
// on what came after the announcement, or answers the next one.
func TestOwedReadiness(t *testing.T) {
	skip := func(t *testing.T, excuse func(w *world, a *peer)) (w *world, a *peer) {
		t.Helper()
		w = newWorld(t)
		a = w.join(1, 1)
		w.join(2, 1)
		w.settle()
		a.mute = true
		w.join(3, 1)
		w.settle()
		a.mute = false
		if excuse != nil {
			excuse(w, a)
		}
		return w, a
	}
	more := func(w *world) {
		w.join(4, 1)
		w.settle()
		w.join(5, 1)
		w.settle()
	}
	t.Run("committing", func(t *testing.T) {
		w, a := skip(t, nil)
		w.faults.Winner = a.user
		w.join(4, 1)
		w.settle()
		w.expect(string(delivery.NoReadiness))
	})
	t.Run("answering the next", func(t *testing.T) {
		w, _ := skip(t, nil)
		w.faults.Winner = 2
		more(w)
		w.expect(string(delivery.NoReadiness))
	})
	t.Run("excused", func(t *testing.T) {
		w, _ := skip(t, func(w *world, a *peer) { w.call.Excuse(a.seat) })
		more(w)
		w.expect("")
	})
}

func FuzzClients(f *testing.F) {
	f.Add(byte(26), []byte{0, 1, 0, 2})
	f.Add(byte(28), []byte{0, 1, 0, 1, 8, 0, 0, 0, 0, 0, 0, 7, 210})
	f.Add(byte(23), []byte{0, 1})
	f.Add(byte(31), []byte{255, 255})
	w, a, commit := aCommit(f)
	f.Add(byte(28), commit)
	f.Fuzz(func(t *testing.T, op byte, payload []byte) {
		var id uint16
		if len(payload) > 1 {
			id = binary.BigEndian.Uint16(payload)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		switch delivery.Op(op) {
		case delivery.OpKeyPackage:
			w.call.KeyPackage(a.seat, payload)
		case delivery.OpCommitWelcome:
			w.call.Commit(a.seat, payload)
		case delivery.OpTransitionReady:
			w.call.Ready(a.seat, id)
		case delivery.OpInvalidCommit:
			w.call.Invalid(a.seat, id)
		}
		w.broken = nil
		for _, p := range w.peers {
			p.inbox = nil
		}
	})
}
