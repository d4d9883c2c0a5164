package gateway_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"busker/gateway"
	"busker/internal/bubble"
)

// TestWhateverHappensShardsHaveOneOwner has processes join, die, stop, be cut off, drain
// and change the number of shards, in any order, and asks all the time who is sure to
// own what; at the end of every step that leaves somebody able, all is owned soon.
func TestWhateverHappensShardsHaveOneOwner(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"join", "die", "stop", "cut", "drain", "reshard", "turn", "wait"}), 1, 8).Draw(rt, "steps")
		picks := rapid.SliceOfN(rapid.IntRange(0, 5), len(steps), len(steps)).Draw(rt, "picks")
		var why string
		bubble.Test(t, func(t *testing.T) { why = model(t, steps, picks) })
		if why != "" {
			rt.Fatal(why)
		}
	})
}

// model plays steps and returns what went wrong.
func model(t *testing.T, steps []string, picks []int) string {
	const shards = 6
	w := newTown(t, shards, "m0", "m1")
	defer w.close()
	w.quiet = true
	all := shards
	alive := append([]*member{}, w.members...)
	if why := settled(w, alive, all, 2*time.Second); why != "" {
		return why
	}
	for i, step := range steps {
		m := alive[picks[i]%len(alive)]
		for again := range 3 { // the owner may change under way
			if why := doubled(w); why != "" {
				return fmt.Sprintf("before step %d.%d (%s): %s", i, again, step, why)
			}
			pass(130 * time.Millisecond)
		}
		switch step {
		case "join":
			alive = append(alive, w.join(fmt.Sprintf("m%d", len(w.members))))
		case "die":
			if len(alive) > 1 {
				m.die()
				alive = slices.DeleteFunc(alive, func(o *member) bool { return o == m })
				w.dead = append(w.dead, m)
			}
		case "stop":
			m.link.stop()
			pass(7 * time.Second)
			if why := doubled(w); why != "" {
				return fmt.Sprintf("step %d: while %s is stopped: %s", i, m.name, why)
			}
			m.link.resume()
		case "cut":
			m.link.cut.Store(true)
			pass(7 * time.Second)
			if why := doubled(w); why != "" {
				return fmt.Sprintf("step %d: while %s is cut off: %s", i, m.name, why)
			}
			m.link.cut.Store(false)
		case "drain":
			if len(alive) > 1 && !m.drains {
				m.drains = true
				ctx, cancel := contextWithin(t, 20*time.Second)
				err := m.Drain(ctx)
				cancel()
				if err != nil {
					return fmt.Sprintf("step %d: drain of %s: %v", i, m.name, err)
				}
				m.kill()
				alive = slices.DeleteFunc(alive, func(o *member) bool { return o == m })
				w.dead = append(w.dead, m)
			}
		case "turn": // another number of shards, before the last change is through
			all = []int{shards, 2 * shards, shards + shards/2}[picks[i]%3]
			if err := gateway.Reshard(t.Context(), w.cluster, all); err != nil {
				return err.Error()
			}
			pass(time.Duration(picks[i]) * 300 * time.Millisecond)
		case "reshard":
			all = shards + shards*(picks[i]%2)
			if err := gateway.Reshard(t.Context(), w.cluster, all); err != nil {
				return err.Error()
			}
			pass(20 * time.Second)
		}
		// The time to live, and a second; what was cut off gives the others their time first.
		if why := settled(w, alive, all, 3*time.Second+time.Second+3*time.Second); why != "" {
			return fmt.Sprintf("after step %d (%s of %s): %s", i, step, m.name, why)
		}
	}
	return ""
}

// settled waits until every guild has an owner.
func settled(w *town, alive []*member, shards int, most time.Duration) string {
	began := time.Now()
	for {
		if why := doubled(w); why != "" {
			return why
		}
		missing := 0
		for guild := range 12 {
			if !slices.ContainsFunc(alive, func(m *member) bool {
				token, trusted := m.Token(guildOf(guild))
				return token != 0 && trusted
			}) {
				missing++
			}
		}
		if missing == 0 {
			return ""
		}
		if time.Since(began) > most {
			return fmt.Sprintf("%d guilds of %d shards have no owner after %v", missing, shards, most)
		}
		pass(20 * time.Millisecond)
		synctest.Wait()
	}
}

// doubled finds a guild of which two are sure that it is theirs, or that is served under a
// lower token than before: whatever was kept under that would count for more.
func doubled(w *town) string {
	synctest.Wait() // nothing changes hands while all are asked
	for guild := range 12 {
		var who []string
		for _, m := range w.members {
			token, trusted := m.Token(guildOf(guild))
			if token == 0 || !trusted {
				continue
			}
			who = append(who, m.name)
			if token < w.highest[guild] {
				return fmt.Sprintf("guild of shard %d is served by %s under %d after %d", guild, m.name, token, w.highest[guild])
			}
			w.highest[guild] = token
		}
		if len(who) > 1 {
			return fmt.Sprintf("guild of shard %d is served by %v", guild, who)
		}
	}
	return ""
}
