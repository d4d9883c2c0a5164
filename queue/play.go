package queue

import "slices"

// Next ends the current item and makes the one that follows it by the loop mode
// the current one. It returns false when there is none, and then no item is current.
func (q *Queue) Next() (Item, bool) {
	if q.loop == Track && q.current != nil {
		return q.Current()
	}
	return q.Skip(1)
}

// Skip leaves the current item and the n-1 upcoming ones after it, even when the
// loop mode is Track, and makes the one behind them current. In loop mode All
// what is skipped goes to the end of the queue. An n beyond the end counts as one
// round. It returns false when the queue is exhausted, and then no item is current.
func (q *Queue) Skip(n int) (Item, bool) {
	if n > 0 && (q.current != nil || q.Len() > 0) {
		q.must(Change{Op: OpSkip, Count: min(n, q.Len()+1)})
	}
	return q.Current()
}

// Jump skips to the upcoming item with that ID. When it is gone nothing changes and
// the error is a fault.NotFound.
func (q *Queue) Jump(id uint64) (Item, error) {
	i, err := q.find(id)
	if err != nil {
		return Item{}, err
	}
	it, _ := q.Skip(i + 1)
	return it, nil
}

// skip carries out Skip. Undo brings back what was passed over.
func (q *Queue) skip(n int) {
	n = max(0, min(n, q.Len()+1))
	passed := slices.Clone(q.upcoming.items[:max(0, min(n-1, q.Len()))])
	if q.loop == All {
		for range n {
			q.retire()
			if q.Len() == 0 {
				break
			}
			q.current = q.upcoming.pop() // which may be what has just come round
		}
	} else if n > 0 {
		q.retire()
		q.played, q.history = append(q.played, passed...), nil
		if q.upcoming.leave(len(passed)); q.Len() > 0 {
			q.current = q.upcoming.pop()
		}
	}
	q.trim()
	if len(passed) > 0 {
		q.remember(Step{Op: OpSkip, Items: passed})
	}
	q.prune()
}

// retire moves the current item to where the loop mode wants it.
func (q *Queue) retire() {
	if q.current == nil {
		return
	}
	if q.loop == All {
		q.upcoming.push(q.current)
	}
	q.played, q.history = append(q.played, q.current), nil
	q.current = nil
}

// trim forgets what was played too long ago.
func (q *Queue) trim() {
	switch over := len(q.played) - MaxHistory; {
	case over == 1:
		q.played = q.played[1:]
	case over > 1:
		q.played = slices.Clone(q.played[over:])
	}
}

// Drop forgets the current item: it neither repeats nor comes round again nor is
// gone back to. That is for an item that turned out to be unplayable.
func (q *Queue) Drop() {
	if q.current != nil {
		q.must(Change{Op: OpDrop})
	}
}

// Stop ends the current item, whatever the loop mode, and removes all upcoming ones.
// Undo brings all of them back, the current one first.
func (q *Queue) Stop() {
	if q.current != nil || q.Len() > 0 {
		q.must(Change{Op: OpStop})
	}
}

func (q *Queue) stop() {
	items := q.List()
	if q.current != nil {
		items = append([]*Item{q.current}, items...)
		q.played, q.history = append(q.played, q.current), nil
		q.trim()
	}
	q.current, q.upcoming = nil, line{}
	q.remember(Step{Op: OpStop, Items: items})
}

// Previous makes the item played before the current one current again and puts
// the current one back to the head of the queue, where the limit does not stop
// it. It returns false, and changes nothing, when nothing was played before.
func (q *Queue) Previous() (Item, bool) {
	if len(q.played) == 0 {
		return Item{}, false
	}
	q.must(Change{Op: OpPrevious})
	return q.Current()
}

func (q *Queue) previous() error {
	last := len(q.played) - 1
	if last < 0 {
		return errBroken()
	}
	previous := q.played[last]
	q.played, q.history = slices.Clip(q.played[:last]), nil
	if _, ok := q.Find(previous.ID); ok { // loop mode All had put it there
		q.upcoming.drop(func(it *Item) bool { return it.ID == previous.ID })
	}
	if q.current != nil && q.current.ID != previous.ID {
		q.upcoming.insert(0, q.current)
	}
	q.current = previous
	q.prune()
	return nil
}
