package delivery_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"busker/emulator/delivery"
	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/voice/signal"
)

// pair is two members in a group, in a bubble of time.
func pair(t *testing.T, do func(w *world, a, b *peer)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.join(1, 1), w.join(2, 1)
		w.settle()
		do(w, a, b)
	})
}

// pass lets time pass and everybody deal with what happened.
func (w *world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
	w.settle()
}

func (p *peer) executes() int { return p.count(signal.OpDAVEExecuteTransition) }

func TestDelayedExecute(t *testing.T) {
	pair(t, func(w *world, a, _ *peer) {
		w.faults.ExecuteDelay = time.Second
		w.join(3, 1)
		w.settle()
		if a.executes() != 0 {
			t.Error("executed at once")
		}
		w.join(4, 1) // proposals of the next epoch come before op 22
		w.settle()
		if got := w.state(); got.Epoch != 3 || got.Transitions != 2 || a.executes() != 0 {
			t.Errorf("in the meantime %+v, %d executed", got, a.executes())
		}
		w.pass(time.Second)
		if a.executes() != 2 {
			t.Errorf("%d executed", a.executes())
		}
		w.agree()
	})
}

func TestLostExecute(t *testing.T) {
	pair(t, func(w *world, a, _ *peer) {
		w.faults.LoseExecutes = 1
		w.join(3, 1)
		w.settle()
		w.pass(time.Minute)
		if got := w.state(); a.executes() != 0 || got.Transitions != 0 || a.keysNew != 2 {
			t.Errorf("%d executed, %d keys, %+v", a.executes(), a.keysNew, got)
		}
		w.join(4, 1) // the next one brings all together again
		w.settle()
		w.agree()
	})
}

func TestEarlyExecute(t *testing.T) {
	pair(t, func(w *world, a, b *peer) {
		w.faults.EarlyExecutes = 1
		c := w.join(3, 1)
		for w.state().Epoch == 1 {
			w.stepAllBut(b)
			w.step(b)
		}
		if !slices.ContainsFunc(b.inbox, func(f signal.Frame) bool { return f.Op == signal.OpDAVEExecuteTransition }) {
			t.Error("op 22 did not come before b could answer")
		}
		w.settle()
		w.agree()
		if a.executes() != 1 || c.executes() != 1 {
			t.Errorf("executed %d and %d times", a.executes(), c.executes())
		}
	})
}

func TestHeldExecutes(t *testing.T) {
	for _, reverse := range []bool{false, true} {
		pair(t, func(w *world, a, _ *peer) {
			var ids []uint16
			w.outdate = func(p *peer, f signal.Frame) signal.Frame {
				if p == a && f.Op == signal.OpDAVEExecuteTransition {
					ids = append(ids, uint16(f.Data[len(f.Data)-2]-'0'))
				}
				return f
			}
			w.faults.Hold, w.faults.Reverse = 2, reverse
			w.join(3, 1)
			w.settle()
			if len(ids) != 0 {
				t.Errorf("executed %v", ids)
			}
			w.join(4, 1)
			w.settle()
			want := []uint16{1, 2}
			if reverse {
				want = []uint16{2, 1}
			}
			if !slices.Equal(ids, want) {
				t.Errorf("executed %v, want %v", ids, want)
			}
			w.join(5, 1)
			w.settle()
			w.agree()
		})
	}
}

// TestHeldExecuteCountsEachTransitionOnce: one that was due because the time was over
// is not due again when the last one answers after all.
func TestHeldExecuteCountsEachTransitionOnce(t *testing.T) {
	pair(t, func(w *world, a, b *peer) {
		w.faults.Hold = 2
		w.join(3, 1)
		for w.state().Epoch == 1 {
			w.stepAllBut(b)
			w.step(b)
		}
		w.stepAllBut(b)
		<-time.After(delivery.Patience + time.Millisecond)
		synctest.Wait()
		w.settle() // b answers
		if a.executes() != 0 {
			t.Errorf("%d executed with one transition in flight", a.executes())
		}
		w.join(4, 1)
		w.settle()
		w.agree()
		if a.executes() != 2 {
			t.Errorf("%d executed", a.executes())
		}
	})
}

func TestLateSender(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.faults.SenderDelay = time.Second
		a := w.join(1, 1)
		w.join(2, 1)
		w.settle()
		if a.count(signal.OpMLSExternalSender) != 0 {
			t.Error("op 25 is not late")
		}
		w.pass(time.Second)
		w.agree()
		w.mu.Lock()
		w.call.ResendSender()
		w.mu.Unlock()
		w.settle()
		w.agree()
		if a.count(signal.OpMLSExternalSender) != 2 {
			t.Errorf("a was told %v", a.seen)
		}
	})
}

func TestLateProposals(t *testing.T) {
	pair(t, func(w *world, a, b *peer) {
		w.join(3, 1)
		w.settle()
		w.faults.ProposalDelay = time.Second
		w.leave(b)
		before := a.count(signal.OpMLSProposals)
		w.settle()
		if a.count(signal.OpClientDisconnect) != 1 || a.count(signal.OpMLSProposals) != before {
			t.Errorf("a was told %v", a.seen)
		}
		w.pass(time.Second)
		w.pass(delivery.Patience)
		w.agree()
	})
}

func TestFrozenProposals(t *testing.T) {
	pair(t, func(w *world, _, b *peer) {
		w.faults.Frozen = true
		w.leave(b)
		w.join(3, 1)
		w.settle()
		if got := w.state(); got.Epoch != 1 || got.Proposals != 0 {
			t.Errorf("frozen: %+v", got)
		}
		w.faults.Frozen = false
		w.mu.Lock()
		w.call.Thaw()
		w.mu.Unlock()
		w.settle()
		w.agree()
		if got := w.state(); got.Epoch != 2 {
			t.Errorf("thawed: %+v", got)
		}
	})
}

func TestStrangersComeAndGo(t *testing.T) {
	pair(t, func(w *world, a, _ *peer) {
		var users []snowflake.ID
		for user := range snowflake.ID(70) {
			users = append(users, 1000+user)
		}
		var size int
		w.outdate = func(p *peer, f signal.Frame) signal.Frame {
			size = max(size, len(f.Data))
			return f
		}
		before := a.count(signal.OpMLSProposals)
		w.mu.Lock()
		for _, p := range w.peers {
			p.tell(signal.OpClientsConnect, map[string]any{"user_ids": users})
		}
		if err := w.call.AddAndRevoke(users); err != nil {
			t.Fatal(err)
		}
		w.mu.Unlock()
		w.settle()
		w.agree()
		if got := w.state(); got.Epoch != 1 || a.count(signal.OpMLSProposals) != before+2 || size < 30<<10 {
			t.Errorf("%+v, a was told %v, at most %d bytes", got, a.seen, size)
		}
	})
}
