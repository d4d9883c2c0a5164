package delivery_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"busker/emulator/delivery"
	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/voice/signal"
)

func TestACallFromFirstToLast(t *testing.T) {
	w := newWorld(t)
	a := w.join(1, 1)
	w.settle()
	w.agree()
	if n := a.count(signal.OpDAVEPrepareEpoch); n != 1 || a.count(signal.OpDAVEPrepareTransition) != 1 {
		t.Errorf("alone, a was told %v", a.seen)
	}
	b := w.join(2, 1)
	w.settle()
	w.agree()
	if got := w.state(); got.Epoch != 1 || a.count(signal.OpDAVEExecuteTransition) != 0 {
		t.Errorf("two are in %+v, and a was told %v", got, a.seen)
	}
	c := w.join(3, 1)
	w.settle()
	w.agree()
	if a.count(signal.OpDAVEExecuteTransition) != 1 || c.count(signal.OpDAVEExecuteTransition) != 1 {
		t.Errorf("the third came without a transition: %v, %v", a.seen, c.seen)
	}
	if got := w.state(); !slices.Equal(sorted(got.Leaves), []snowflake.ID{0, 1, 2, 3}) {
		t.Errorf("leaves %v", got.Leaves)
	}
	w.leave(b)
	w.settle()
	w.agree()
	w.leave(c)
	w.settle()
	w.agree()
	if got := w.state(); got.Established || got.Epoch != 0 || len(got.Leaves) != 0 {
		t.Errorf("alone again: %+v", got)
	}
	w.join(4, 1)
	w.settle()
	w.agree()
}

func sorted(list []snowflake.ID) []snowflake.ID {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func TestManyComeAtOnceAndGo(t *testing.T) {
	w := newWorld(t)
	first := w.join(1, 1)
	w.settle()
	var others []*peer
	for user := range snowflake.ID(20) {
		others = append(others, w.join(100+user, 1))
	}
	w.settle()
	w.agree()
	for _, p := range others {
		w.leave(p)
	}
	w.settle()
	w.agree()
	if first.count(signal.OpMLSInvalidCommit) > 0 {
		t.Error("somebody had to recover")
	}
	w.join(2, 1)
	w.settle()
	w.agree()
}

// TestAnyOrder lets people come, go, come back and fail in random order while
// messages are on their way.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(12) {
		bubble.Test(t, func(t *testing.T) {
			w, r := newWorld(t), rand.New(rand.NewPCG(seed, 1))
			for range 80 {
				switch n := r.IntN(10); {
				case n < 4 && len(w.peers) < 12:
					user := snowflake.ID(1 + r.IntN(16))
					if !slices.ContainsFunc(w.peers, func(p *peer) bool { return p.user == user }) {
						w.join(user, 1)
					}
				case n < 6 && len(w.peers) > 0:
					w.leave(w.peers[r.IntN(len(w.peers))])
				case n == 6:
					w.mu.Lock()
					if err := w.call.AddAndRevoke([]snowflake.ID{900, 901}); err != nil {
						t.Error(err)
					}
					w.mu.Unlock()
				case n == 7:
					<-time.After(delivery.Patience)
				}
				w.shuffle(r, r.IntN(30))
			}
			w.settle()
			<-time.After(2 * delivery.Patience)
			synctest.Wait()
			w.settle()
			w.agree()
			if t.Failed() {
				t.Fatalf("with seed %d", seed)
			}
		})
	}
}

func TestAUserComesBack(t *testing.T) {
	w := newWorld(t)
	w.join(1, 1)
	w.join(2, 1)
	again := w.join(3, 1)
	w.settle()
	w.leave(again) // nobody has dealt with that when he is back, with the same key
	w.join(3, 1)
	w.settle()
	w.agree()
}

func TestCommitRace(t *testing.T) {
	for _, winner := range []snowflake.ID{1, 2, 3} {
		w := newWorld(t)
		w.faults.Winner = winner
		for user := range snowflake.ID(3) {
			w.join(1+user, 1)
			w.settle()
		}
		if got := w.state(); winner == 3 && got.Leaves[0] == 3 || got.Epoch == 0 {
			t.Errorf("in the end %+v", got)
		}
		w.join(4, 1)
		w.settle()
		w.agree()
	}
}

// TestWhoIsNearIsToldFirst: the author of the first commit may speak as soon as it is
// told, and be heard at once.
func TestWhoIsNearIsToldFirst(t *testing.T) {
	w := newWorld(t)
	w.faults.Winner = 1
	w.join(1, 1)
	w.settle()
	w.keyFor(2)
	w.mu.Lock()
	w.seat(&peer{w: w, user: 2}, 1, func(p *peer) delivery.Member { return near{p} })
	w.mu.Unlock()
	w.settle()
	w.agree()
	if !slices.Equal(w.told, []snowflake.ID{2, 1}) {
		t.Errorf("told in the order %v", w.told)
	}
}

func TestTransitionsWaitForEverybody(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.join(1, 1), w.join(2, 1)
		w.settle()
		w.leave(b) // and a says nothing while c comes
		w.join(3, 1)
		w.settle()
		d := w.join(4, 1)
		w.stepAllBut(a)
		if d.count(signal.OpDAVEExecuteTransition) > 0 {
			t.Error("executed before everybody was ready")
		}
		<-time.After(delivery.Patience + time.Millisecond)
		synctest.Wait()
		w.stepAllBut(a)
		if s := w.state(); s.Established && d.count(signal.OpDAVEExecuteTransition) == 0 {
			t.Error("not executed although the time is over")
		}
		w.settle()
		w.agree()
	})
}

func (w *world) stepAllBut(slow *peer) {
	for busy := true; busy; {
		busy = false
		for _, p := range slices.Clone(w.peers) {
			busy = p != slow && w.step(p) || busy
		}
	}
}

func TestDowngradeAndUpgrade(t *testing.T) {
	w := newWorld(t)
	a, b := w.join(1, 1), w.join(2, 1)
	w.settle()
	w.agree()
	plain := w.join(3, 0)
	w.settle()
	for _, p := range []*peer{a, b} {
		if frame, err := p.session.SealFrame(nil, []byte("sound")); err != nil || string(frame) != "sound" || p.version != 0 {
			t.Errorf("%d sends %q, %v in version %d", p.user, frame, err, p.version)
		}
	}
	late := w.join(4, 1) // while the call is in the clear
	w.settle()
	if frame, err := late.session.SealFrame(nil, []byte("sound")); err != nil || string(frame) != "sound" {
		t.Errorf("a newcomer sends %q, %v", frame, err)
	}
	w.leave(plain)
	w.settle()
	w.agree()
	if a.version != 1 || a.count(signal.OpDAVEExecuteTransition) != 2 {
		t.Errorf("a is in version %d and was told %v", a.version, a.seen)
	}
	// At once: up before down came to its end.
	plain = w.join(5, 0)
	w.leave(plain)
	w.settle()
	w.agree()
	w.leave(b)
	w.leave(late)
	plain = w.join(6, 0)
	w.settle()
	w.leave(plain)
	w.settle()
	w.agree() // alone
}

func TestARecoveryRemovesAndAdds(t *testing.T) {
	for _, op := range []signal.Op{signal.OpMLSWelcome, signal.OpMLSAnnounceCommit} {
		w := newWorld(t)
		w.join(1, 1)
		w.join(2, 1)
		w.settle()
		w.faults.Winner = 1
		damaged := 0
		w.outdate = func(p *peer, f signal.Frame) signal.Frame {
			if damaged == 0 && f.Op == op && p.user > 1 {
				damaged++
				f.Data = slices.Clone(f.Data)
				f.Data[len(f.Data)-1] ^= 1
			}
			return f
		}
		w.join(3, 1)
		w.settle()
		w.agree()
		if got := w.state(); damaged != 1 || got.Epoch != 3 {
			t.Errorf("op %d: %d messages damaged, epoch %d", op, damaged, got.Epoch)
		}
	}
}

func TestEverybodyHasToRecover(t *testing.T) {
	w := newWorld(t)
	a, b := w.join(1, 1), w.join(2, 1)
	w.settle()
	w.mu.Lock()
	w.call.Invalid(a.seat, 7)
	w.call.Invalid(b.seat, 7)
	w.mu.Unlock()
	w.settle()
	w.agree()
	if a.count(signal.OpDAVEPrepareEpoch) == 0 {
		t.Errorf("a was told %v", a.seen)
	}
}

func TestTransitionIDs(t *testing.T) {
	w := newWorld(t)
	w.join(1, 1)
	w.join(2, 1)
	w.settle()
	for i, id := range []uint16{65535, 0} {
		w.faults.NextID = &id
		w.join(snowflake.ID(10+i), 1)
		w.settle()
		w.agree()
		w.join(snowflake.ID(20+i), 1) // with the id after that
		w.settle()
		w.agree()
	}
}
