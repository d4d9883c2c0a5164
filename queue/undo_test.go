package queue_test

import (
	"slices"
	"strings"
	"testing"

	"busker/internal/fault"
	"busker/queue"
)

// letters returns a queue of tracks named by letters, each asked for by the user whose
// number is its place in the alphabet, the first of them current.
func letters(t *testing.T, names string) *queue.Queue {
	t.Helper()
	q := queue.New(queue.Options{})
	put(t, q, queue.Where{}, names)
	q.Next()
	return q
}

// put adds tracks named by letters; a digit behind one is the requester.
func put(t *testing.T, q *queue.Queue, where queue.Where, names string) {
	t.Helper()
	var items []queue.Item
	for i, name := range names {
		if name >= '0' && name <= '9' {
			items[len(items)-1].Requester = queue.UserID(name - '0')
			continue
		}
		it := queue.Item{Requester: queue.UserID(names[i]-'A') + 1}
		it.Track.Title, it.Track.URI = string(name), string(name)
		items = append(items, it)
	}
	if _, err := q.Add(queue.AddOptions{Where: where}, items...); err != nil {
		t.Fatal(err)
	}
}

// spell returns the current item, a bar and those upcoming.
func spell(q *queue.Queue) string {
	current, _ := q.Current()
	return current.Track.Title + "|" + strings.Join(titles(values(q.List())), "")
}

func named(t *testing.T, q *queue.Queue, name string) uint64 {
	t.Helper()
	for _, it := range q.List() {
		if it.Track.Title == name {
			return it.ID
		}
	}
	t.Fatalf("there is no %s in %s", name, spell(q))
	return 0
}

func TestUndoDoesWhatPeopleExpect(t *testing.T) {
	move := func(name string, to int) func(*testing.T, *queue.Queue) {
		return func(t *testing.T, q *queue.Queue) { _, _ = q.Move(named(t, q, name), to) }
	}
	remove := func(names ...string) func(*testing.T, *queue.Queue) {
		return func(t *testing.T, q *queue.Queue) {
			var ids []uint64
			for _, name := range names {
				ids = append(ids, named(t, q, name))
			}
			_, _ = q.Remove(ids...)
		}
	}
	jump := func(name string) func(*testing.T, *queue.Queue) {
		return func(t *testing.T, q *queue.Queue) { _, _ = q.Jump(named(t, q, name)) }
	}
	plain := func(do func(q *queue.Queue)) func(*testing.T, *queue.Queue) {
		return func(_ *testing.T, q *queue.Queue) { do(q) }
	}
	add := func(place queue.Place, names string) func(*testing.T, *queue.Queue) {
		return func(t *testing.T, q *queue.Queue) { put(t, q, queue.Where{Place: place}, names) }
	}
	next := plain(func(q *queue.Queue) { q.Next() })
	for _, tt := range []struct {
		name  string
		do    []func(*testing.T, *queue.Queue) // to A|BCDEF
		after string
		op    queue.Op // undone
		want  string
	}{
		{"adding", steps(add(queue.Next, "XY")), "A|XYBCDEF", queue.OpAdd, "A|BCDEF"},
		{"adding, one heard", steps(add(queue.Next, "XY"), next), "X|YBCDEF", queue.OpAdd, "X|BCDEF"},
		{"removing", steps(remove("D")), "A|BCEF", queue.OpRemove, "A|BCDEF"},
		{"removing, one heard since", steps(remove("D"), next), "B|CEF", queue.OpRemove, "B|CDEF"},
		{"removing, its place was passed", steps(remove("B"), next, next), "D|EF", queue.OpRemove, "D|BEF"},
		{"removing several", steps(remove("B", "D", "F"), next), "C|E", queue.OpRemove, "C|BDEF"},
		{"removing from the end", steps(remove("F"), next, next, next, next), "E|", queue.OpRemove, "E|F"},
		{"clearing", steps(plain(func(q *queue.Queue) { q.Clear() })), "A|", queue.OpClear, "A|BCDEF"},
		{"clearing, the current one ended", steps(plain(func(q *queue.Queue) { q.Clear() }), next), "|", queue.OpClear, "|BCDEF"},
		{"clearing, another was heard", steps(plain(func(q *queue.Queue) { q.Clear() }), add(queue.End, "X"), next), "X|", queue.OpClear, "X|BCDEF"},
		{"stopping", steps(plain(func(q *queue.Queue) { q.Stop() })), "|", queue.OpStop, "|ABCDEF"},
		{"moving", steps(move("E", 0)), "A|EBCDF", queue.OpMove, "A|BCDEF"},
		{"moving, one heard since", steps(move("F", 1), next), "B|FCDE", queue.OpMove, "B|CDEF"},
		{"moving back", steps(move("B", 4), next, next), "D|EFB", queue.OpMove, "D|BEF"},
		{"moving what was heard", steps(move("E", 0), next), "E|BCDF", queue.OpAdd, "E|"},
		{"shuffling", steps(plain(func(q *queue.Queue) { q.Shuffle(3) })), "A|DEBFC", queue.OpShuffle, "A|BCDEF"},
		{"shuffling, one heard", steps(plain(func(q *queue.Queue) { q.Shuffle(3) }), next, next), "E|BFC", queue.OpShuffle, "E|BCF"},
		{"jumping", steps(jump("E")), "E|F", queue.OpSkip, "E|BCDF"},
		{"jumping, all over", steps(jump("F"), next), "|", queue.OpSkip, "|BCDE"},
		{"the loop mode", steps(plain(func(q *queue.Queue) { q.SetLoop(queue.All) }), next), "B|CDEFA", queue.OpLoop, "B|CDEFA"},
		{"fair mode", steps(add(queue.End, "XY2Z2"), plain(func(q *queue.Queue) { q.SetFair(true) })), "A|BCDEFXYZ", queue.OpFair, "A|BCDEFXYZ"},
		{"fair mode of one", steps(plain(func(q *queue.Queue) { q.Clear() }), add(queue.Next, "P1Q1R2"), plain(func(q *queue.Queue) { q.SetFair(true) })), "A|RPQ", queue.OpFair, "A|PQR"},
		{"what was passed over in a round", steps(plain(func(q *queue.Queue) { q.SetLoop(queue.All) }), jump("D")), "D|EFABC", queue.OpSkip, "D|BCEFA"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := letters(t, "ABCDEF")
			for _, do := range tt.do {
				do(t, q)
			}
			if got := spell(q); got != tt.after {
				t.Fatalf("before undo %s, want %s", got, tt.after)
			}
			op, err := q.Undo()
			if got := spell(q); got != tt.want || op != tt.op || err != nil {
				t.Errorf("undid %q, %v: %s, want %q: %s", op, err, got, tt.op, tt.want)
			}
		})
	}
}

func steps(do ...func(*testing.T, *queue.Queue)) []func(*testing.T, *queue.Queue) { return do }

func TestUndoGoesBackAStepAtATime(t *testing.T) {
	q := letters(t, "ABCDEF")
	_, _ = q.Move(named(t, q, "F"), 0)
	q.Shuffle(7)
	q.SetLoop(queue.Track)
	_, _ = q.RemoveRange(1, 2)
	var undone []queue.Op
	for range 4 {
		op, _ := q.Undo()
		undone = append(undone, op)
	}
	if got := spell(q); got != "A|BCDEF" || q.Loop() != queue.Off {
		t.Errorf("%s after %v", got, undone)
	}
	if want := []queue.Op{queue.OpRemove, queue.OpLoop, queue.OpShuffle, queue.OpMove}; !slices.Equal(undone, want) {
		t.Errorf("undid %v, want %v", undone, want)
	}
	_, _ = q.Undo() // of the adding
	if _, err := q.Undo(); fault.KindOf(err) != fault.Invalid || spell(q) != "A|" {
		t.Errorf("undid nothing: %v, %s", err, spell(q))
	}
}

// TestUndoIsBounded clears a full queue again and again: that keeps two full queues in
// memory, not fifty.
func TestUndoIsBounded(t *testing.T) {
	q := queue.New(queue.Options{})
	for range 5 {
		fill(t, q, queue.DefaultMaxItems)
		q.Clear()
	}
	kept := 0
	for _, s := range q.State().Undo {
		kept += len(s.Items) + len(s.Order)
	}
	if kept > 2*queue.DefaultMaxItems || kept < queue.DefaultMaxItems {
		t.Errorf("%d items kept", kept)
	}
	small := queue.New(queue.Options{})
	for i := range 1000 {
		small.SetLoop(queue.Loop(i % 3))
	}
	if n := len(small.State().Undo); n != 25 {
		t.Errorf("%d steps kept", n)
	}
}

func TestHistoryIsNewestFirst(t *testing.T) {
	q := letters(t, "ABCDEF")
	q.Next()
	_, _ = q.Jump(named(t, q, "E"))
	if got := strings.Join(titles(values(q.History())), ""); got != "DCBA" {
		t.Errorf("history %s", got)
	}
	for range 300 {
		put(t, q, queue.Where{}, "X")
		q.Next()
	}
	if n := len(q.History()); n != queue.MaxHistory {
		t.Errorf("%d items of history", n)
	}
	if q.Previous(); spell(q) != "X|XX" {
		t.Error(spell(q))
	}
}
