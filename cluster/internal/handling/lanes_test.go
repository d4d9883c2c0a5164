package handling_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"busker/cluster/internal/handling"
	"busker/internal/bubble"
	"busker/internal/fault"

	"pgregory.net/rapid"
)

// TestLanesKeepTheirOrder: jobs of any duration, which fail now and then, on any number of
// workers: those of a key run in order, one at a time, all of them, and never more than
// there are workers.
func TestLanesKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		workers := rapid.IntRange(1, 5).Draw(rt, "workers")
		keys := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 60).Draw(rt, "keys")
		seed := rapid.Uint64().Draw(rt, "seed")
		bubble.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			var mu sync.Mutex
			running, done := 0, map[string][]int{}
			busy := map[string]bool{}
			freed := 0
			l := handling.NewLanes(workers, func() { mu.Lock(); freed++; mu.Unlock() })
			for i, k := range keys {
				key := "" // jobs without one run in any order
				if k > 0 {
					key = fmt.Sprint(k)
				}
				failures, takes := random.IntN(3), time.Duration(random.IntN(50))*time.Millisecond
				l.Add(key, func() time.Duration {
					mu.Lock()
					running++
					if running > workers || key != "" && busy[key] {
						t.Errorf("%d run at a time, two of %q: %v", running, key, busy[key])
					}
					busy[key] = true
					mu.Unlock()
					<-time.After(takes)
					mu.Lock()
					defer mu.Unlock()
					running--
					busy[key] = false
					if failures > 0 {
						failures--
						return 10 * time.Millisecond
					}
					done[key] = append(done[key], i)
					return 0
				})
			}
			<-time.After(time.Hour)
			synctest.Wait()
			total := 0
			for key, list := range done {
				total += len(list)
				for i := range list[1:] {
					if key != "" && list[i] > list[i+1] {
						t.Errorf("%d came before %d", list[i], list[i+1])
					}
				}
			}
			if all, stalled := l.Waiting(); total != len(keys) || all != 0 || stalled != 0 || freed < total {
				t.Errorf("%d of %d done, %d wait, %d stalled, freed %d times", total, len(keys), all, stalled, freed)
			}
			l.Close()
		})
	})
}

func TestClosedLanesStartNothing(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		ran := 0
		l := handling.NewLanes(1, func() {})
		l.Add("a", func() time.Duration { ran++; return time.Minute })
		l.Add("a", func() time.Duration { ran++; return 0 })
		synctest.Wait()
		l.Close()
		l.Add("b", func() time.Duration { ran++; return 0 })
		<-time.After(time.Hour)
		synctest.Wait()
		if ran != 1 {
			t.Errorf("%d ran", ran)
		}
	})
}

func TestJudge(t *testing.T) {
	invalid, away := fault.New(fault.Invalid, "No."), fault.New(fault.Unavailable, "Later.")
	for _, tt := range []struct {
		err     error
		asked   bool
		attempt int
		want    handling.Verdict
	}{
		{nil, false, 1, handling.Done},
		{nil, true, 9, handling.Done},
		{invalid, true, 1, handling.Done},
		{invalid, false, 1, handling.Dead},
		{away, true, 1, handling.Forget},
		{away, false, 1, handling.Again},
		{away, false, 3, handling.Again},
		{away, false, 4, handling.Dead},
	} {
		if got := handling.Judge(tt.err, tt.asked, tt.attempt, 3); got != tt.want {
			t.Errorf("%v, asked %v, attempt %d: %d, want %d", tt.err, tt.asked, tt.attempt, got, tt.want)
		}
	}
}
