package gateway_test

import (
	"strings"
	"testing"
	"time"

	"busker/internal/bubble"
)

// TestASlowClusterIsNoDeadOne has every call take long, though not too long.
func TestASlowClusterIsNoDeadOne(t *testing.T) {
	for _, slow := range []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, 700 * time.Millisecond} {
		t.Run(slow.String(), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				w := newTown(t, 12, "a", "b", "c")
				defer w.close()
				w.served(2*time.Second, 12)
				pass(5 * time.Second)
				for _, m := range w.members {
					m.said()
					m.link.slow.Store(int64(slow))
				}
				for range 600 {
					pass(100 * time.Millisecond)
					w.served(0, 12) // all trust themselves
				}
				for _, m := range w.members {
					if said := m.said(); len(said) > 0 {
						t.Errorf("%s said %q", m.name, said)
					}
				}
				w.members[0].die()
				w.members = w.members[1:]
				took := w.served(10*time.Second, 12)
				t.Logf("%v for each call: the shards of a dead process are served again after %v, %v", slow, took, w.spread(12))
				ctx, cancel := contextWithin(t, 20*time.Second)
				defer cancel()
				began := time.Now()
				if err := w.members[0].Drain(ctx); err != nil {
					t.Errorf("drain: %v", err)
				}
				t.Logf("drained after %v", time.Since(began))
				w.wait(10*time.Second, "the last has all", func() bool { return w.members[1].owns(12) == 12 })
				pass(5 * time.Second)
				handed := 0
				for _, s := range w.members[1].said() {
					if strings.HasPrefix(s, "handed_over") {
						handed++
					}
				}
				if handed < 4 || handed < 6 && slow < 500*time.Millisecond { // the word of it takes longer than leases live
					t.Errorf("%d shards of 6 were handed over", handed)
				}
			})
		})
	}
}
