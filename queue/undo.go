package queue

import (
	"slices"

	"busker/internal/fault"
)

const (
	// maxUndo is how many Steps are kept: more than people remember.
	maxUndo = 25
	// maxUndoSize is how many entries all Steps together may hold: two full queues. The
	// newest Step is kept whatever its size.
	maxUndoSize = 2 * DefaultMaxItems
	// fewItems is how many are looked for one by one: an index of all costs more.
	fewItems = 8
)

// Step is what Undo needs to take one operation back.
type Step struct {
	Op    Op       `json:"op"`
	First uint64   `json:"first,omitempty"` // OpAdd: the IDs it gave, First to Last
	Last  uint64   `json:"last,omitempty"`
	Items []*Item  `json:"items,omitempty"` // OpRemove, OpClear, OpStop, OpSkip: what it took out
	Spots []Spot   `json:"spots,omitempty"` // where each of Items was, or the one of OpMove
	Order []uint64 `json:"order,omitempty"` // OpShuffle, OpFair switched on: the order before
	Item  uint64   `json:"item,omitempty"`  // OpMove
	Loop  Loop     `json:"loop,omitempty"`  // OpLoop: the mode before
}

// Spot is a place between two items, by their IDs; 0 = the head, or the end. Such a place
// can be found however the queue has moved on.
type Spot [2]uint64

func (s *Step) size() int { return len(s.Items) + len(s.Order) }

// remember adds s, made just now, to what can be undone.
func (q *Queue) remember(s Step) {
	q.undo = append(q.undo, s)
	size, keep := 0, len(q.undo)
	for keep > 0 && len(q.undo)-keep < maxUndo {
		size += q.undo[keep-1].size()
		if size > maxUndoSize && keep < len(q.undo) {
			break
		}
		keep--
	}
	if keep > 0 {
		q.undo = slices.Clone(q.undo[keep:])
	}
}

// Undo takes back the newest operation of people that is not taken back yet, and
// says which: adding, removing, clearing, moving, shuffling, passing over several
// items, stopping, the loop mode, fair mode. What has played since stays played: added items
// that were heard are not unheard, removed ones whose place has been passed come
// first, and the order from before a shuffle holds for what is left. When there is
// nothing to take back the error is a fault.Invalid.
func (q *Queue) Undo() (Op, error) {
	op, ok := q.Undoable()
	if !ok {
		return "", fault.New(fault.Invalid, "There is nothing to undo.")
	}
	q.must(Change{Op: OpUndo})
	return op, nil
}

// Undoable returns what Undo would take back.
func (q *Queue) Undoable() (Op, bool) {
	if len(q.undo) == 0 {
		return "", false
	}
	return q.undo[len(q.undo)-1].Op, true
}

// prune forgets Steps on top that would change nothing any more.
func (q *Queue) prune() {
	for n := len(q.undo); n > 0 && !q.matters(&q.undo[n-1]); n-- {
		q.undo = slices.Clip(q.undo[:n-1])
	}
}

// matters reports that taking s back would change something.
func (q *Queue) matters(s *Step) bool {
	switch s.Op {
	case OpAdd:
		return slices.ContainsFunc(q.upcoming.items, s.added)
	case OpMove:
		from, to, ok := q.back(s)
		return ok && from != to
	case OpShuffle:
		return q.Len() > 1
	}
	return true
}

func (s *Step) added(it *Item) bool { return s.First <= it.ID && it.ID <= s.Last }

// back returns from where and to where taking a move back moves its item.
func (q *Queue) back(s *Step) (from, to int, ok bool) {
	if from, ok = q.Find(s.Item); !ok || len(s.Spots) != 1 {
		return 0, 0, false
	}
	to = s.Spots[0].gap(q.Find, q.Len())
	if to > from { // which is counted with the item itself
		to--
	}
	return from, to, true
}

// gap returns how many of n items are before the spot. When neither of its two items can
// be found its time has passed, and it is at the head.
func (s Spot) gap(find func(id uint64) (index int, ok bool), n int) int {
	if i, ok := find(s[0]); ok {
		return i + 1
	}
	if s[1] == 0 {
		return n
	}
	i, _ := find(s[1])
	return max(i, 0)
}

// takeBack carries out Undo.
func (q *Queue) takeBack() error {
	n := len(q.undo) - 1
	if n < 0 {
		return errBroken()
	}
	s := q.undo[n]
	q.undo = slices.Clip(q.undo[:n])
	switch s.Op {
	case OpAdd:
		q.upcoming.drop(s.added)
	case OpRemove, OpClear, OpStop, OpSkip:
		q.bringBack(&s)
	case OpMove:
		if from, to, ok := q.back(&s); ok {
			q.upcoming.move(from, to)
		}
	case OpShuffle:
		q.reorder(s.Order)
	case OpLoop:
		q.loop = s.Loop
	case OpFair:
		q.fair = !q.fair
		q.reorder(s.Order)
	}
	q.prune()
	return nil
}

// bringBack puts the items of s back to where they were. Those passed over by a Skip
// may be in the queue, at its end; like those stopped they are no longer history.
func (q *Queue) bringBack(s *Step) {
	if there := common(s.Items, q.upcoming.items); len(there) > 0 {
		q.upcoming.drop(func(it *Item) bool { return there[it.ID] })
	}
	items, gaps := make([]*Item, 0, len(s.Items)), make([]int, 0, len(s.Items))
	find := q.Find
	if len(s.Spots) > fewItems {
		index := q.upcoming.index()
		find = func(id uint64) (int, bool) { i, ok := index[id]; return i, ok }
	}
	reached := 0
	if s.Op == OpClear {
		reached = q.Len()
	}
	for i, it := range s.Items {
		if q.current != nil && it.ID == q.current.ID {
			continue
		}
		if s.Spots != nil {
			reached = max(reached, s.Spots[i].gap(find, q.Len()))
		}
		items, gaps = append(items, it), append(gaps, reached)
	}
	q.upcoming.weave(items, gaps)
	if s.Op == OpSkip || s.Op == OpStop {
		back := common(s.Items, q.played)
		q.played = slices.DeleteFunc(slices.Clone(q.played), func(it *Item) bool { return back[it.ID] })
		q.history = nil
	}
}

// common returns the IDs of the items that are in both lists.
func common(long, short []*Item) map[uint64]bool {
	if len(long) < len(short) {
		long, short = short, long
	}
	in := make(map[uint64]bool, len(short))
	for _, it := range short {
		in[it.ID] = true
	}
	both := map[uint64]bool{}
	for _, it := range long {
		if in[it.ID] {
			both[it.ID] = true
		}
	}
	return both
}

// reorder puts the upcoming items into a former order. Those that were not in it stay
// first if they are before all that were, and else go last: they came round or were
// gone back to meanwhile.
func (q *Queue) reorder(order []uint64) {
	if len(order) == 0 {
		return
	}
	rank := make(map[uint64]int, len(order))
	for i, id := range order {
		rank[id] = i
	}
	var first, last []*Item
	known, found := make([]*Item, len(order)), 0
	for _, it := range q.upcoming.items {
		i, ok := rank[it.ID]
		switch {
		case ok:
			known[i] = it
			found++
		case found == 0:
			first = append(first, it)
		default:
			last = append(last, it)
		}
	}
	known = slices.DeleteFunc(known, func(it *Item) bool { return it == nil })
	q.upcoming.set(slices.Concat(first, known, last))
}
