package queue_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"busker/internal/fault"
	"busker/queue"
	"busker/track"
)

// pair is a queue and its model, which are told the same.
type pair struct {
	q    *queue.Queue
	m    *model
	made uint64
}

func (p *pair) items(t *rapid.T) []queue.Item {
	items := make([]queue.Item, rapid.IntRange(1, 4).Draw(t, "n"))
	for i := range items {
		n := p.made + uint64(i) + 1
		items[i] = queue.Item{
			Track:     track.Track{Title: fmt.Sprint("track ", n), URI: fmt.Sprint("uri ", n%5), Length: time.Second},
			Requester: queue.UserID(rapid.IntRange(0, 3).Draw(t, "by")),
		}
	}
	return items
}

func (p *pair) add(t *rapid.T) {
	items := p.items(t)
	where := queue.Where{
		Place: rapid.SampledFrom([]queue.Place{queue.End, queue.End, queue.Next, queue.At}).Draw(t, "place"),
		Index: rapid.IntRange(0, 6).Draw(t, "index"),
	}
	if n, err := p.q.Add(queue.AddOptions{Where: where}, items...); n != len(items) || err != nil {
		t.Fatal(n, err)
	}
	for i := range items {
		p.made++
		items[i].ID = p.made
	}
	p.m.add(where, items)
}

func (p *pair) next(t *rapid.T) {
	peeked, ok := p.q.Peek()
	if p.m.loop != queue.Track || p.m.current == nil {
		p.m.skip(1)
	}
	got, ok2 := p.q.Next()
	if got.ID != peeked.ID || ok != ok2 {
		t.Fatalf("Peek said %v, Next %v", peeked, got)
	}
}

func (p *pair) jump(t *rapid.T) {
	if len(p.m.upcoming) == 0 {
		t.Skip()
	}
	i := rapid.IntRange(0, len(p.m.upcoming)-1).Draw(t, "i")
	want := p.m.upcoming[i]
	p.m.skip(i + 1)
	if got, err := p.q.Jump(want.ID); err != nil || got != want {
		t.Fatalf("jumped to %v, %v, want %v", got, err, want)
	}
}

func (p *pair) remove(t *rapid.T) {
	i := rapid.IntRange(-1, 6).Draw(t, "i")
	it, err := p.q.At(i)
	if ok := i >= 0 && i < len(p.m.upcoming); ok != (err == nil) {
		t.Fatalf("item %d of %d: %v", i, len(p.m.upcoming), err)
	} else if !ok {
		return
	}
	ids := []uint64{it.ID, p.m.upcoming[len(p.m.upcoming)-1].ID, 1 << 40}
	if _, err := p.q.Remove(ids...); err != nil {
		t.Fatal(err)
	}
	p.m.remove(queue.OpRemove, func(_ int, it queue.Item) bool { return slices.Contains(ids, it.ID) })
}

func (p *pair) removeRange(t *rapid.T) {
	from, to := rapid.IntRange(-1, 6).Draw(t, "from"), rapid.IntRange(-1, 6).Draw(t, "to")
	_, err := p.q.RemoveRange(from, to)
	if ok := 0 <= from && from <= to && to < len(p.m.upcoming); ok != (err == nil) {
		t.Fatalf("remove %d to %d of %d: %v", from, to, len(p.m.upcoming), err)
	} else if ok {
		p.m.remove(queue.OpRemove, func(i int, _ queue.Item) bool { return from <= i && i <= to })
	}
}

func (p *pair) removeUsers(t *rapid.T) {
	users := rapid.SliceOfN(rapid.Uint64Range(0, 3), 0, 3).Draw(t, "users")
	ids := make([]queue.UserID, len(users))
	for i, u := range users {
		ids[i] = queue.UserID(u)
	}
	if rapid.Bool().Draw(t, "except") {
		p.q.RemoveExcept(ids...)
		p.m.remove(queue.OpRemove, func(_ int, it queue.Item) bool { return it.Requester != 0 && !slices.Contains(ids, it.Requester) })
		return
	}
	p.q.RemoveBy(ids...)
	p.m.remove(queue.OpRemove, func(_ int, it queue.Item) bool { return slices.Contains(ids, it.Requester) })
}

func (p *pair) removeDuplicates(*rapid.T) {
	p.q.RemoveDuplicates()
	p.m.remove(queue.OpRemove, func(i int, it queue.Item) bool {
		same := func(o queue.Item) bool { return o.Track.URI == it.Track.URI }
		return p.m.current != nil && same(*p.m.current) || slices.ContainsFunc(p.m.upcoming[:i], same)
	})
}

func (p *pair) move(t *rapid.T) {
	from, to := rapid.IntRange(-1, 6).Draw(t, "from"), rapid.IntRange(-1, 6).Draw(t, "to")
	n := len(p.m.upcoming)
	id := uint64(1 << 40)
	if from >= 0 && from < n {
		id = p.m.upcoming[from].ID
	}
	_, err := p.q.Move(id, to)
	if ok := from >= 0 && from < n && to >= 0 && to < n; ok != (err == nil) {
		t.Fatalf("move %d to %d of %d: %v", from, to, n, err)
	} else if ok && from != to {
		p.m.remember(queue.OpMove)
		it := p.m.upcoming[from]
		p.m.upcoming = slices.Delete(slices.Clone(p.m.upcoming), from, from+1)
		p.m.upcoming = slices.Insert(p.m.upcoming, to, it)
	}
}

func (p *pair) shuffle(t *rapid.T) {
	p.q.Shuffle(rapid.Uint64().Draw(t, "seed"))
	if len(p.m.upcoming) < 2 {
		return
	}
	p.m.remember(queue.OpShuffle)
	got := values(p.q.List())
	if !slices.Equal(sorted(got), sorted(p.m.upcoming)) {
		t.Fatalf("shuffled %v into %v", titles(p.m.upcoming), titles(got))
	}
	p.m.upcoming = got
	if p.m.fair {
		p.m.share()
		if !slices.Equal(p.m.upcoming, got) {
			t.Fatalf("shuffled into unfair %v", titles(got))
		}
	}
}

func sorted(items []queue.Item) []uint64 {
	ids := make([]uint64, len(items))
	for i := range items {
		ids[i] = items[i].ID
	}
	slices.Sort(ids)
	return ids
}

func (p *pair) setLoop(t *rapid.T) {
	mode := rapid.SampledFrom([]queue.Loop{queue.Off, queue.Off, queue.Track, queue.All}).Draw(t, "mode")
	p.q.SetLoop(mode)
	if mode != p.m.loop {
		p.m.remember(queue.OpLoop)
		p.m.loop = mode
	}
}

func (p *pair) setFair(t *rapid.T) {
	on := rapid.Bool().Draw(t, "on")
	p.q.SetFair(on)
	p.m.setFair(on)
}

func (p *pair) undo(t *rapid.T) {
	want, can := p.q.Undoable()
	n := len(p.m.undo)
	for n > 0 && p.m.undo[n-1].murky && p.m.undo[n-1].op != want { // what still matters then is the queue's business
		n--
	}
	p.m.undo = p.m.undo[:n]
	op, err := p.q.Undo()
	switch {
	case can != (err == nil) || op != want:
		t.Fatalf("undid %q, %v, but could %q", op, err, want)
	case !can && n > 0:
		t.Fatalf("%q is forgotten", p.m.undo[n-1].op)
	case !can:
		return
	case n == 0 || p.m.undo[n-1].op != op:
		t.Fatalf("undid %q, the model has %v", op, p.m.undo)
	}
	if err := p.m.takeBack(p.q); err != nil {
		t.Fatal(err)
	}
}

// steps returns everything that can happen to a queue.
func (p *pair) steps() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"add": p.add, "add2": p.add, "next": p.next, "jump": p.jump, "undo": p.undo, "undo2": p.undo,
		"remove": p.remove, "remove range": p.removeRange, "remove users": p.removeUsers, "duplicates": p.removeDuplicates,
		"move": p.move, "shuffle": p.shuffle, "loop": p.setLoop, "fair": p.setFair,
		"skip": func(t *rapid.T) {
			n := rapid.IntRange(1, 6).Draw(t, "n")
			p.q.Skip(n)
			p.m.skip(n)
		},
		"previous": func(*rapid.T) { p.q.Previous(); p.m.previous() },
		"drop":     func(*rapid.T) { p.q.Drop(); p.m.current = nil },
		"stop":     func(*rapid.T) { p.q.Stop(); p.m.stop() },
		"clear": func(*rapid.T) {
			p.q.Clear()
			p.m.remove(queue.OpClear, func(int, queue.Item) bool { return true })
		},
	}
}

// same fails when the queue is not as its model is.
func (p *pair) same(t *rapid.T) {
	if got := values(p.q.List()); !slices.Equal(got, p.m.upcoming) {
		t.Fatalf("upcoming %v, want %v", titles(got), titles(p.m.upcoming))
	}
	current, ok := p.q.Current()
	if ok != (p.m.current != nil) || ok && current != *p.m.current {
		t.Fatalf("current %v, want %v", current, p.m.current)
	}
	history := values(p.q.History())
	slices.Reverse(history)
	if !slices.Equal(history, p.m.played) {
		t.Fatalf("played %v, want %v", titles(history), titles(p.m.played))
	}
	if p.q.Loop() != p.m.loop || p.q.Fair() != p.m.fair {
		t.Fatalf("loop %v, fair %v", p.q.Loop(), p.q.Fair())
	}
	if p.q.Len() != len(p.m.upcoming) || p.q.Duration() != time.Duration(len(p.m.upcoming))*time.Second {
		t.Fatalf("%d items of %v", p.q.Len(), p.q.Duration())
	}
}

func TestQueueBehavesLikeItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pair{q: queue.New(queue.Options{}), m: &model{}}
		steps := p.steps()
		steps[""] = p.same
		t.Repeat(steps)
	})
}

func values(items []*queue.Item) (list []queue.Item) {
	for _, it := range items {
		list = append(list, *it)
	}
	return list
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
	_ = append(before, &queue.Item{ID: 99}) // of a reader, into its own array
	q.Next()
	q.Shuffle(1)
	_, _ = q.Move(3, 2)
	_, _ = q.RemoveRange(1, 1)
	fill(t, q, 3)
	q.Previous()
	_, _ = q.Undo()
	q.SetLoop(queue.All)
	q.Skip(7)
	if !slices.Equal(before, want) {
		t.Errorf("the list given out became %v", before)
	}
	if _, ok := q.Find(99); ok {
		t.Error("a reader wrote into the queue")
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
		if q.LastID() != q.List()[3].ID {
			t.Errorf("last id %d", q.LastID())
		}
		q.Clear()
	}
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

// fill adds n tracks of a minute, named by their numbers.
func fill(t testing.TB, q *queue.Queue, n int) {
	t.Helper()
	if _, err := q.Add(queue.AddOptions{}, many(n)...); err != nil {
		t.Fatal(err)
	}
}

func many(n int) []queue.Item {
	items := make([]queue.Item, n)
	for i := range items {
		items[i] = queue.Item{Track: track.Track{Title: fmt.Sprint(i), URI: fmt.Sprint(i), Length: time.Minute}, Requester: queue.UserID(i % 7)}
	}
	return items
}
