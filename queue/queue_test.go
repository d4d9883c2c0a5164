package queue_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"busker/internal/fault"
	"busker/queue"
	"busker/track"
)

// model is a queue anybody can check by eye: it knows names only.
type model struct {
	loop             queue.Loop
	current          string
	upcoming, played []string
}

func (m *model) skip(n int) {
	for range min(n, len(m.upcoming)+1) {
		if m.current != "" {
			if m.loop == queue.All {
				m.upcoming = append(m.upcoming, m.current)
			}
			m.played = append(m.played, m.current)
			m.current = ""
		}
		if len(m.upcoming) == 0 {
			return
		}
		m.current = m.upcoming[0]
		m.upcoming = slices.Clone(m.upcoming[1:])
	}
}

func (m *model) previous() {
	if len(m.played) == 0 {
		return
	}
	last := m.played[len(m.played)-1]
	m.played = m.played[:len(m.played)-1]
	m.upcoming = slices.DeleteFunc(m.upcoming, func(s string) bool { return s == last })
	if m.current != "" && m.current != last {
		m.upcoming = append([]string{m.current}, m.upcoming...)
	}
	m.current = last
}

func TestQueueBehavesLikeItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, m, made := queue.New(queue.Options{}), &model{}, 0
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(0, 4).Draw(t, "n") {
					name := fmt.Sprint("track ", made)
					made++
					if err := q.Add(queue.Item{Track: track.Track{Title: name, Length: time.Second}}); err != nil {
						t.Fatal(err)
					}
					m.upcoming = append(m.upcoming, name)
				}
			},
			"next": func(t *rapid.T) {
				peeked, ok := q.Peek()
				if m.loop != queue.Track || m.current == "" {
					m.skip(1)
				}
				got, ok2 := q.Next()
				if got.ID != peeked.ID || ok != ok2 {
					t.Fatalf("Peek said %v, Next %v", peeked, got)
				}
			},
			"skip": func(t *rapid.T) {
				n := rapid.IntRange(1, 6).Draw(t, "n")
				q.Skip(n)
				m.skip(n)
			},
			"previous": func(*rapid.T) { q.Previous(); m.previous() },
			"drop":     func(*rapid.T) { q.Drop(); m.current = "" },
			"clear":    func(*rapid.T) { q.Clear(); m.upcoming = nil },
			"loop": func(t *rapid.T) {
				m.loop = rapid.SampledFrom([]queue.Loop{queue.Off, queue.Track, queue.All}).Draw(t, "mode")
				q.SetLoop(m.loop)
			},
			"remove": func(t *rapid.T) {
				i := rapid.IntRange(-1, 6).Draw(t, "i")
				_, err := q.Remove(i)
				if ok := i >= 0 && i < len(m.upcoming); ok != (err == nil) {
					t.Fatalf("remove %d of %d: %v", i, len(m.upcoming), err)
				} else if ok {
					m.upcoming = slices.Delete(slices.Clone(m.upcoming), i, i+1)
				}
			},
			"move": func(t *rapid.T) {
				from, to := rapid.IntRange(-1, 6).Draw(t, "from"), rapid.IntRange(-1, 6).Draw(t, "to")
				_, err := q.Move(from, to)
				n := len(m.upcoming)
				if ok := from >= 0 && from < n && to >= 0 && to < n; ok != (err == nil) {
					t.Fatalf("move %d to %d of %d: %v", from, to, n, err)
				} else if ok {
					name := m.upcoming[from]
					m.upcoming = slices.Delete(slices.Clone(m.upcoming), from, from+1)
					m.upcoming = slices.Insert(m.upcoming, to, name)
				}
			},
			"shuffle": func(t *rapid.T) {
				seed := rapid.Uint64().Draw(t, "seed")
				q.Shuffle(rand.New(rand.NewPCG(seed, 0)))
				got := titles(q.List())
				slices.Sort(got)
				want := slices.Sorted(slices.Values(m.upcoming))
				if !slices.Equal(got, want) {
					t.Fatalf("shuffled %v into %v", want, got)
				}
				m.upcoming = titles(q.List())
			},
			"": func(t *rapid.T) { // after every step
				if got := titles(q.List()); !slices.Equal(got, m.upcoming) {
					t.Fatalf("upcoming %v, want %v", got, m.upcoming)
				}
				current, ok := q.Current()
				if current.Track.Title != m.current || ok != (m.current != "") {
					t.Fatalf("current %q, want %q", current.Track.Title, m.current)
				}
				if q.Len() != len(m.upcoming) || q.Duration() != time.Duration(len(m.upcoming))*time.Second {
					t.Fatalf("%d items of %v", q.Len(), q.Duration())
				}
			},
		})
	})
}

func titles(items []queue.Item) []string {
	var names []string
	for _, it := range items {
		names = append(names, it.Track.Title)
	}
	return names
}

func TestAListNeverChanges(t *testing.T) {
	q := queue.New(queue.Options{})
	fill(t, q, 5)
	before := q.List()
	want := slices.Clone(before)
	q.Next()
	q.Shuffle(rand.New(rand.NewPCG(1, 2)))
	_, _ = q.Move(0, 2)
	_, _ = q.Remove(1)
	fill(t, q, 3)
	q.Previous()
	if !slices.Equal(before, want) {
		t.Errorf("the list given out became %v", before)
	}
}

func TestIDsAreNeverReused(t *testing.T) {
	q := queue.New(queue.Options{})
	seen := map[uint64]bool{}
	for range 3 {
		fill(t, q, 4)
		for _, it := range q.List() {
			if it.ID == 0 || seen[it.ID] {
				t.Fatalf("id %d twice", it.ID)
			}
			seen[it.ID] = true
		}
		q.Clear()
	}
}

func TestTheLimitTakesAllOrNothing(t *testing.T) {
	q := queue.New(queue.Options{MaxItems: 10})
	fill(t, q, 8)
	err := q.Add(make([]queue.Item, 3)...)
	if fault.KindOf(err) != fault.TooLarge || q.Len() != 8 {
		t.Fatalf("%v, %d items", err, q.Len())
	}
	if m, ok := fault.Message(err); !ok || m != "The queue holds at most 10 tracks; there is room for 2 more." {
		t.Errorf("message %q", m)
	}
	fill(t, q, 2)
}

func TestABillionSkipsEnd(t *testing.T) {
	q := queue.New(queue.Options{})
	fill(t, q, 3)
	q.SetLoop(queue.All)
	q.Next()
	if _, ok := q.Skip(1_000_000_000); !ok || q.Len() != 2 {
		t.Errorf("current %v, %d upcoming", ok, q.Len())
	}
}

func TestParseLoop(t *testing.T) {
	for _, l := range []queue.Loop{queue.Off, queue.Track, queue.All} {
		if got, err := queue.ParseLoop(l.String()); got != l || err != nil {
			t.Errorf("%v became %v, %v", l, got, err)
		}
	}
	if _, err := queue.ParseLoop("twice"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown mode: %v", err)
	}
}

// TestAFullQueueStaysFast plays a full queue round once, with a snapshot and a
// removal now and then; an order of n² copies would take minutes.
func TestAFullQueueStaysFast(t *testing.T) {
	q := queue.New(queue.Options{})
	fill(t, q, queue.DefaultMaxItems)
	q.SetLoop(queue.All)
	start := time.Now()
	for i := range queue.DefaultMaxItems {
		if _, ok := q.Next(); !ok {
			t.Fatal("the loop ended")
		}
		if i%100 == 0 {
			_, _ = q.Move(q.Len()-1, 0)
			q.List()
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%v", took)
	}
}

func fill(t *testing.T, q *queue.Queue, n int) {
	t.Helper()
	for i := range n {
		if err := q.Add(queue.Item{Track: track.Track{Title: fmt.Sprint(i), Length: time.Minute}}); err != nil {
			t.Fatal(err)
		}
	}
}
