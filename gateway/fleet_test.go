package gateway_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"busker/cluster"
	"busker/gateway"
	"busker/internal/bubble"
)

// TestProcessesShareTheShards starts three together.
func TestProcessesShareTheShards(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 16, "a", "b", "c")
		defer w.close()
		w.served(2*time.Second, 16)
		for name, n := range w.spread(16) {
			if n < 4 || n > 6 {
				t.Errorf("%s serves %d of 16 shards", name, n)
			}
		}
		for _, m := range w.members {
			<-m.Ready()
		}
	})
}

// TestADeadProcessIsReplaced kills one of three, without a word.
func TestADeadProcessIsReplaced(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 16, "a", "b", "c")
		defer w.close()
		w.served(2*time.Second, 16)
		pass(10*time.Second + 300*time.Millisecond)
		for _, m := range w.members {
			m.said()
		}
		had := w.members[0].owns(16)
		w.members[0].die()
		w.members = w.members[1:] // its clock would go on: it is not there any more
		took := w.served(4*time.Second, 16)
		t.Logf("%d shards of a dead process are served again after %v", had, took)
		taken := 0
		synctest.Wait()
		pass(time.Second)
		for _, m := range w.members {
			for _, s := range m.said() {
				if strings.HasPrefix(s, "taken_over") {
					taken++
				}
			}
			if n := m.owns(16); n != 8 {
				t.Errorf("%s serves %d shards", m.name, n)
			}
		}
		if taken != had {
			t.Errorf("%d shards were taken over, and %d lost their owner", taken, had)
		}
	})
}

// TestAStoppedProcessWakesToNothing has one stopped like by SIGSTOP for a minute.
func TestAStoppedProcessWakesToNothing(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 8, "a", "b")
		defer w.close()
		w.served(2*time.Second, 8)
		pass(5 * time.Second)
		a := w.members[0]
		a.said()
		before := a.owns(8)
		a.link.stop()
		pass(time.Minute)
		for shard := range 8 {
			if _, trusted := a.Token(guildOf(shard)); trusted {
				t.Errorf("a trusts itself to serve shard %d", shard)
			}
		}
		a.link.resume()
		for shard := range 8 {
			if err := a.Validate(t.Context(), guildOf(shard)); err == nil && w.owner(shard) != "a" {
				t.Errorf("a may act for shard %d", shard)
			}
		}
		pass(time.Second)
		lost := 0
		for _, s := range a.said() {
			if strings.HasPrefix(s, "lost: lost to another") {
				lost++
			}
		}
		if lost != before {
			t.Errorf("a noticed the loss of %d shards of %d", lost, before)
		}
		w.wait(time.Minute, "evened out", func() bool { return a.owns(8) == 4 })
	})
}

// TestACutProcessGoesOnAndTakesBack cuts all off from the cluster for longer than leases
// live: nobody loses anything.
func TestACutProcessGoesOnAndTakesBack(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 6, "a", "b")
		defer w.close()
		w.served(2*time.Second, 6)
		pass(time.Minute)
		tokens := map[int]uint64{}
		for _, m := range w.members {
			m.said()
			m.link.cut.Store(true)
			for shard := range 6 {
				if token, _ := m.Token(guildOf(shard)); token != 0 {
					tokens[shard] = token
				}
			}
		}
		pass(time.Minute)
		for _, m := range w.members {
			if said := m.said(); len(said) > 0 {
				t.Errorf("cut off, %s said %q", m.name, said)
			}
			m.link.cut.Store(false)
		}
		w.served(3*time.Second, 6)
		for _, m := range w.members {
			for shard := range 6 {
				if token, _ := m.Token(guildOf(shard)); token < tokens[shard] && token != 0 {
					t.Errorf("shard %d has token %d, and had %d", shard, token, tokens[shard])
				}
			}
			for _, s := range m.said() {
				if !strings.HasPrefix(s, "kept") {
					t.Errorf("back again, %s said %q", m.name, s)
				}
			}
		}
	})
}

// TestWhatTheClusterForgotIsKeptAnew by everybody, also when nobody saw it away, and no more
// often than that.
func TestWhatTheClusterForgotIsKeptAnew(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 4, "a", "b")
		defer w.close()
		w.served(2*time.Second, 4)
		pass(time.Minute)
		for range 2 {
			before := w.rewrites()
			pass(time.Minute)
			if n := w.rewrites(); !maps.Equal(n, before) {
				t.Errorf("kept anew for nothing: %v, before %v", n, before)
			}
			if err := w.cluster.Cache.Delete(t.Context(), "layout"); err != nil {
				t.Fatal(err)
			}
			pass(5 * time.Second)
			for key, n := range w.rewrites() {
				if n != before[key]+1 {
					t.Errorf("shard %s was kept anew %d times", key, n-before[key])
				}
			}
		}
		w.served(time.Second, 4)
	})
}

// rewrites counts of each shard how often it was kept anew, whoever has it.
func (w *town) rewrites() map[string]int {
	all := map[string]int{}
	for _, m := range w.members {
		m.mu.Lock()
		for key, run := range m.runs {
			all[key] += int(run.rewrites.Load())
		}
		m.mu.Unlock()
	}
	return all
}

// TestADrainMovesAll drains one of two, and then the other, which has nobody left.
func TestADrainMovesAll(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 8, "a", "b")
		defer w.close()
		w.served(2*time.Second, 8)
		pass(5 * time.Second)
		a, b := w.members[0], w.members[1]
		began := time.Now()
		if err := a.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("drained in %v", time.Since(began))
		pass(time.Second)
		if n := b.owns(8); n != 8 {
			t.Errorf("b serves %d shards", n)
		}
		handed := 0
		for _, s := range b.said() {
			if strings.HasPrefix(s, "handed_over") {
				handed++
			}
		}
		if handed != 4 {
			t.Errorf("%d shards were handed over", handed)
		}
		if said := a.said(); slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "lost") }) {
			t.Errorf("players were released at once: %q", said)
		}
		pass(20 * time.Second)
		if said := a.said(); len(said) != 4 {
			t.Errorf("what was left of the players was released: %q", said)
		}
		if err := b.Drain(t.Context()); err != nil {
			t.Errorf("nobody to drain to: %v", err)
		}
		if n := b.owns(8); n != 8 {
			t.Errorf("b serves %d shards", n)
		}
	})
}

// TestAHandOverThatFailsChangesNothing has players that cannot hand over.
func TestAHandOverThatFailsChangesNothing(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 4, "a", "b")
		defer w.close()
		w.served(2*time.Second, 4)
		pass(5 * time.Second)
		a := w.members[0]
		a.said()
		a.refuse.Store(true)
		ctx, cancel := contextWithin(t, 10*time.Second)
		defer cancel()
		if err := a.Drain(ctx); err == nil {
			t.Error("drained")
		}
		if n := a.owns(4); n != 2 {
			t.Errorf("a serves %d shards", n)
		}
		if said := a.said(); !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "returned") }) {
			t.Errorf("a said %q", said)
		}
	})
}

// TestTheReceiverDies has the one that takes all die half way.
func TestTheReceiverDies(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 6, "a", "b", "c")
		defer w.close()
		w.served(2*time.Second, 6)
		pass(5 * time.Second)
		a, b := w.members[0], w.members[1]
		time.AfterFunc(30*time.Millisecond, b.die)
		ctx, cancel := contextWithin(t, 20*time.Second)
		defer cancel()
		if err := a.Drain(ctx); err != nil {
			t.Errorf("drain: %v", err)
		}
		w.members = []*member{w.members[2], a}
		w.wait(5*time.Second, "c has all", func() bool { return w.members[0].owns(6) == 6 })
	})
}

// TestANewMemberGetsItsShareGently looks at the pace, and at which shards move first.
func TestANewMemberGetsItsShareGently(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 8, "a")
		defer w.close()
		w.served(2*time.Second, 8)
		a := w.members[0]
		for _, key := range []string{"0/8", "1/8", "2/8", "3/8", "4/8"} {
			a.playing[key] = 1
		}
		b := w.join("b")
		w.wait(9*time.Second, "idle shards", func() bool { return b.owns(8) == 3 })
		for _, shard := range []int{5, 6, 7} {
			if w.owner(shard) != "b" {
				t.Errorf("idle shard %d stays with %s", shard, w.owner(shard))
			}
		}
		took := w.wait(9*time.Second, "one that plays", func() bool { return b.owns(8) == 4 })
		if took < 2*time.Second {
			t.Errorf("the next followed after %v", took)
		}
		pass(time.Minute)
		if n := b.owns(8); n != 4 {
			t.Errorf("then b has %d", n)
		}
	})
}

// TestReshardingGoesOverWithoutAGap asks at every moment who serves every guild.
func TestReshardingGoesOverWithoutAGap(t *testing.T) {
	for _, tt := range []struct{ from, to int }{{4, 8}, {8, 4}, {4, 6}} {
		t.Run(fmt.Sprintf("%d to %d", tt.from, tt.to), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				w := newTown(t, tt.from, "a", "b", "c")
				defer w.close()
				w.served(2*time.Second, tt.from)
				pass(10 * time.Second)
				before := map[int]string{}
				for guild := range 24 {
					before[guild] = w.owner(guild)
				}
				if err := gateway.Reshard(t.Context(), w.cluster, tt.to); err != nil {
					t.Fatal(err)
				}
				w.wait(time.Minute, "gone over", func() bool {
					here := 0
					for guild := range 24 {
						if w.owner(guild) != "" {
							here++
						}
					}
					if tt.to%tt.from == 0 && here != 24 {
						t.Errorf("%d guilds are served by nobody", 24-here)
					}
					held, err := w.cluster.Leases.List(t.Context(), "shard/")
					return err == nil && len(held) == tt.to && here == 24 &&
						!slices.ContainsFunc(held, func(h cluster.Held) bool { return !strings.HasPrefix(h.Key, fmt.Sprintf("shard/%d/", tt.to)) })
				})
				for _, m := range w.members {
					if _, shards := m.ShardOf(0); shards != tt.to {
						t.Errorf("%s goes by %d shards", m.name, shards)
					}
				}
				if tt.to%tt.from != 0 {
					return
				}
				for guild := range 24 {
					if now := w.owner(guild); now != before[guild] {
						t.Errorf("guild %d went from %s to %s", guild, before[guild], now)
					}
				}
			})
		})
	}
}

// TestReshardingCanBeGivenUp goes back before the new set is up.
func TestReshardingCanBeGivenUp(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 4, "a", "b")
		defer w.close()
		w.served(2*time.Second, 4)
		w.opening = time.Hour
		pass(10 * time.Second)
		if err := gateway.Reshard(t.Context(), w.cluster, 8); err != nil {
			t.Fatal(err)
		}
		listed := func(n int) func() bool {
			return func() bool {
				held, err := w.cluster.Leases.List(t.Context(), "shard/")
				return err == nil && len(held) == n
			}
		}
		w.wait(10*time.Second, "both sets", listed(12))
		if err := gateway.Reshard(t.Context(), w.cluster, 4); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Minute, "one set", listed(4))
		w.served(0, 4)
	})
}
