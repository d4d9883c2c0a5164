package pool_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"busker/opus/pool"
)

func TestQueueKeepsOrderWhateverIsRemoved(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var q pool.Queue
		type entry struct {
			deadline int64
			n        int
		}
		var want []entry
		for n := range rng.IntN(60) {
			e := entry{rng.Int64N(20), n}
			q.Push(e.deadline)
			want = append(want, e)
		}
		for range rng.IntN(20) {
			if len(want) == 0 {
				break
			}
			i := rng.IntN(len(want))
			if !q.Remove(want[i].n) {
				t.Fatal("a turn is not where it says")
			}
			want = slices.Delete(want, i, i+1)
		}
		slices.SortStableFunc(want, func(a, b entry) int { return int(a.deadline - b.deadline) })
		for _, w := range want {
			if deadline, n := q.Pop(); deadline != w.deadline || n != w.n {
				t.Fatalf("turn %d of deadline %d, want %v", n, deadline, w)
			}
		}
		if q.Len() != 0 {
			t.Fatalf("%d left", q.Len())
		}
	}
}
