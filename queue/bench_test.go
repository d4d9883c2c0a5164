package queue_test

import (
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"busker/queue"
	"busker/track"
)

// operations returns everything that can be done to a queue of n upcoming items, each
// so that it changes one of 10,000 as made by fill.
func operations(n int) map[string]func(q *queue.Queue) {
	id := func(q *queue.Queue, i int) uint64 {
		it, _ := q.At(i)
		return it.ID
	}
	one := queue.Item{Track: track.Track{Title: "another", URI: "0", Length: time.Minute}, Requester: 3}
	return map[string]func(q *queue.Queue){
		"next":     func(q *queue.Queue) { q.Next() },
		"skip":     func(q *queue.Queue) { q.Skip(10) },
		"skip all": func(q *queue.Queue) { q.Skip(n) },
		"jump":     func(q *queue.Queue) { _, _ = q.Jump(id(q, q.Len()-1)) },
		"previous": func(q *queue.Queue) { q.Next(); q.Next(); q.Previous() },
		"add":      func(q *queue.Queue) { q.Next(); _, _ = q.Add(queue.AddOptions{PerUser: n}, one) },
		"add next": func(q *queue.Queue) {
			q.Next()
			_, _ = q.Add(queue.AddOptions{Where: queue.Where{Place: queue.Next}}, one)
		},
		"add fairly": func(q *queue.Queue) { q.Next(); q.SetFair(true); _, _ = q.Add(queue.AddOptions{}, one) },
		"remove":     func(q *queue.Queue) { _, _ = q.Remove(id(q, q.Len()/2)) },
		"range":      func(q *queue.Queue) { _, _ = q.RemoveRange(q.Len()/4, q.Len()/2) },
		"by":         func(q *queue.Queue) { q.RemoveBy(1, 2) },
		"except":     func(q *queue.Queue) { q.RemoveExcept(1, 2) },
		"duplicates": func(q *queue.Queue) {
			q.Next()
			_, _ = q.Add(queue.AddOptions{}, queue.Item{Track: track.Track{URI: "5000"}})
			q.RemoveDuplicates()
		},
		"move":    func(q *queue.Queue) { _, _ = q.Move(id(q, q.Len()-1), 0) },
		"shuffle": func(q *queue.Queue) { q.Shuffle(1) },
		"loop":    func(q *queue.Queue) { q.SetLoop(queue.All) },
		"fair":    func(q *queue.Queue) { q.SetFair(!q.Fair()) },
		"clear":   func(q *queue.Queue) { q.Clear() },
		"stop":    func(q *queue.Queue) { q.Stop() },
	}
}

// full returns a queue of 10,000 items.
func full(t testing.TB) *queue.Queue {
	q := queue.New(queue.Options{})
	fill(t, q, queue.DefaultMaxItems)
	q.Changes()
	return q
}

// BenchmarkFullQueue does each operation, and what Undo makes of it, to 10,000 items and
// reports the slowest but one in twenty.
func BenchmarkFullQueue(b *testing.B) {
	all := operations(queue.DefaultMaxItems)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.Run(name, func(b *testing.B) { measure(b, func(*queue.Queue) {}, all[name]) })
		b.Run("undo of "+name, func(b *testing.B) {
			measure(b, all[name], func(q *queue.Queue) { _, _ = q.Undo() })
		})
	}
	b.Run("list, history and state", func(b *testing.B) {
		measure(b, func(q *queue.Queue) { q.Next() }, func(q *queue.Queue) { q.List(); q.History(); q.State() })
	})
	b.Run("add 10000 fairly", func(b *testing.B) {
		items := many(queue.DefaultMaxItems)
		measure(b, func(q *queue.Queue) { q.SetFair(true); q.Clear() }, func(q *queue.Queue) { _, _ = q.Add(queue.AddOptions{}, items...) })
	})
	b.Run("until the last", func(b *testing.B) {
		measure(b, func(*queue.Queue) {}, func(q *queue.Queue) { q.Until(q.Len()-1, queue.Now{}) })
	})
}

func measure(b *testing.B, before, do func(*queue.Queue)) {
	var took []time.Duration
	whole := full(b).State()
	for b.Loop() {
		b.StopTimer()
		q, err := queue.Restore(whole, nil, queue.Options{})
		if err != nil {
			b.Fatal(err)
		}
		before(q)
		b.StartTimer()
		start := time.Now()
		do(q)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
	b.ReportMetric(0, "ns/op")
}

// TestAFullQueueStaysFast plays a full queue round once, with a snapshot each time and a
// removal now and then; an order of n² copies would take minutes.
func TestAFullQueueStaysFast(t *testing.T) {
	q := full(t)
	q.SetLoop(queue.All)
	start := time.Now()
	for i := range queue.DefaultMaxItems {
		if _, ok := q.Next(); !ok {
			t.Fatal("the loop ended")
		}
		q.List()
		if i%100 == 0 {
			_, _ = q.Move(q.List()[q.Len()-1].ID, 0)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%v", took)
	}
}

// TestPlayingOnCopiesNothing has a full queue play on with its list given out each time.
func TestPlayingOnCopiesNothing(t *testing.T) {
	const turns = 1000
	q := full(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range turns {
		q.Next()
		q.List()
		q.Changes()
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / turns; each > 10_000 {
		t.Errorf("%d bytes allocated each time", each)
	}
}
