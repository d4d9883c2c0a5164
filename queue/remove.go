package queue

import (
	"errors"
	"fmt"
	"slices"

	"busker/internal/fault"
)

// Remove takes the upcoming items with these IDs out of the queue, as far as they
// are in it, and returns them. When none is, the error is a fault.NotFound.
func (q *Queue) Remove(ids ...uint64) ([]*Item, error) {
	if removed := q.removed(Change{Op: OpRemove, IDs: slices.Clone(ids)}); len(removed) > 0 {
		return removed, nil
	}
	return nil, errGone()
}

// RemoveRange removes the upcoming items from one index to another, both included
// and counted from 0.
func (q *Queue) RemoveRange(from, to int) ([]*Item, error) {
	for _, i := range []int{from, to} {
		if err := q.check(i); err != nil {
			return nil, err
		}
	}
	if from > to {
		return nil, fault.Newf(fault.Invalid, "Track %d comes before track %d.", to+1, from+1)
	}
	return q.removed(Change{Op: OpRange, From: from, To: to}), nil
}

// RemoveBy removes all upcoming items that these users asked for, if any.
func (q *Queue) RemoveBy(users ...UserID) []*Item {
	return q.removed(Change{Op: OpBy, Users: slices.Clone(users)})
}

// RemoveExcept removes all upcoming items of people other than these users: of those
// who are absent when they are all who are present. What nobody asked for stays.
func (q *Queue) RemoveExcept(users ...UserID) []*Item {
	return q.removed(Change{Op: OpExcept, Users: slices.Clone(users)})
}

// RemoveDuplicates removes all upcoming items of a track that is the current one, or
// of which there is an item before.
func (q *Queue) RemoveDuplicates() []*Item {
	return q.removed(Change{Op: OpDuplicates})
}

// Clear removes all upcoming items; the current one and those played stay.
func (q *Queue) Clear() []*Item {
	return q.removed(Change{Op: OpClear})
}

// errNone says that a Change removed nothing, and so is none.
var errNone = errors.New("nothing to remove")

// removed carries out c, unless there is nothing to remove.
func (q *Queue) removed(c Change) []*Item {
	removed, err := q.do(c)
	if err != nil && !errors.Is(err, errNone) {
		panic(fmt.Sprintf("queue: %s: %v", c.Op, err))
	}
	return removed
}

// removeBy carries out a Change that removes items.
func (q *Queue) removeBy(c Change) ([]*Item, error) {
	if c.Op == OpClear {
		return q.clear()
	}
	chosen := q.chooser(c)
	if chosen == nil {
		return nil, errBroken()
	}
	removed, spots := q.upcoming.take(chosen)
	if len(removed) == 0 {
		return nil, errNone
	}
	q.remember(Step{Op: OpRemove, Items: removed, Spots: spots})
	return removed, nil
}

func (q *Queue) clear() ([]*Item, error) {
	removed := q.List()
	if len(removed) == 0 {
		return nil, errNone
	}
	q.upcoming = line{}
	q.remember(Step{Op: OpClear, Items: removed})
	return removed, nil
}

// chooser returns what tells the items to be removed by c, nil when c removes none.
func (q *Queue) chooser(c Change) func(int, *Item) bool {
	switch c.Op {
	case OpRemove:
		ids := set(c.IDs)
		return func(_ int, it *Item) bool { return ids[it.ID] }
	case OpRange:
		return func(i int, _ *Item) bool { return c.From <= i && i <= c.To }
	case OpBy:
		users := set(c.Users)
		return func(_ int, it *Item) bool { return users[it.Requester] }
	case OpExcept:
		users := set(c.Users)
		return func(_ int, it *Item) bool { return it.Requester != 0 && !users[it.Requester] }
	case OpDuplicates:
		return q.duplicates()
	}
	return nil
}

// content is what makes two items the same track.
type content struct{ source, uri string }

func contentOf(it *Item) content { return content{it.Track.Source, it.Track.URI} }

func (q *Queue) duplicates() func(int, *Item) bool {
	seen := make(map[content]bool, q.Len()+1)
	if q.current != nil {
		seen[contentOf(q.current)] = true
	}
	return func(_ int, it *Item) bool {
		c := contentOf(it)
		again := seen[c]
		seen[c] = true
		return again
	}
}

func set[K comparable](keys []K) map[K]bool {
	m := make(map[K]bool, len(keys))
	for _, k := range keys {
		m[k] = true
	}
	return m
}
