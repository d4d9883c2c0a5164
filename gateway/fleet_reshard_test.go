package gateway_test

import (
	"strings"
	"testing"
	"time"

	"busker/gateway"
	"busker/internal/bubble"
)

// TestAnotherNumberBeforeTheLastIsThrough orders another number of shards while processes
// still give away what they had before the last order: no guild goes back to an older set.
func TestAnotherNumberBeforeTheLastIsThrough(t *testing.T) {
	steps := []string{"join", "turn", "turn", "drain", "stop", "drain", "drain"}
	for range 10 { // who gets which shard is chance, and so is half of what goes wrong
		bubble.Test(t, func(t *testing.T) {
			if why := model(t, steps, []int{4, 2, 1, 4, 2, 0, 4}); why != "" {
				t.Error(why)
			}
		})
	}
}

// TestAProcessOfAFormerSetDoesNotTakeItsShardsBack stops a process while the number of
// shards changes, before it hears that another set is in use. When it wakes, its leases are free:
// nobody wants shards of a set that is out of use.
func TestAProcessOfAFormerSetDoesNotTakeItsShardsBack(t *testing.T) {
	for later := range 20 { // so that it wakes to whatever it does next
		bubble.Test(t, func(t *testing.T) {
			w := newTown(t, 4, "a")
			defer w.close()
			pass(130 * time.Millisecond) // they look at different times
			w.join("b")
			w.served(2*time.Second, 4)
			pass(10 * time.Second)
			knows := func(m *member) bool { _, shards := m.ShardOf(0); return shards == 3 }
			if err := gateway.Reshard(t.Context(), w.cluster, 3); err != nil {
				t.Fatal(err)
			}
			w.wait(10*time.Second, "the new set is in use", func() bool { return knows(w.members[0]) || knows(w.members[1]) })
			a, b := w.members[0], w.members[1]
			if knows(a) {
				a, b = b, a
			}
			if knows(a) {
				t.Fatal("both know at once")
			}
			a.link.stop()
			w.wait(time.Minute, "b serves all", func() bool {
				for guild := range 12 {
					if token, trusted := b.Token(guildOf(guild)); token == 0 || !trusted {
						return false
					}
				}
				return true
			})
			pass(time.Duration(later) * 50 * time.Millisecond)
			a.said()
			a.link.resume()
			for range 3000 {
				if why := doubled(w); why != "" {
					t.Fatal(why)
				}
				pass(time.Millisecond)
			}
			for _, said := range a.said() {
				if strings.HasSuffix(said, "/4") {
					t.Error("a was told: ", said)
				}
			}
		})
	}
}

// TestReshardingThereAndBackAtOnce goes back as soon as the new set is in use: the shards
// of the first are not those of the third.
func TestReshardingThereAndBackAtOnce(t *testing.T) {
	for _, wait := range []time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second} {
		bubble.Test(t, func(t *testing.T) {
			w := newTown(t, 4, "a", "b", "c")
			defer w.close()
			w.served(2*time.Second, 4)
			pass(10 * time.Second)
			for _, to := range []int{6, 4, 6, 4} {
				if err := gateway.Reshard(t.Context(), w.cluster, to); err != nil {
					t.Fatal(err)
				}
				w.wait(time.Minute, "the new set is in use", func() bool {
					if why := doubled(w); why != "" {
						t.Fatal(why)
					}
					l, err := gateway.Look(t.Context(), w.cluster)
					return err == nil && l.Shards == to
				})
				pass(wait)
			}
			w.wait(time.Minute, "one set", func() bool {
				if why := doubled(w); why != "" {
					t.Fatal(why)
				}
				held, err := w.cluster.Leases.List(t.Context(), "shard/")
				return err == nil && len(held) == 4 && settled(w, w.members, 4, 0) == ""
			})
			pass(20 * time.Second)
			w.served(0, 4)
		})
	}
}
