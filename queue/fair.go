package queue

import (
	"cmp"
	"slices"
)

// In fair mode people take turns: in each round everybody who asked for something is
// heard once, in the order in which they first asked. The current item was its
// requester's turn in the first round.

// SetFair switches fair mode on or off. Switched on it puts the upcoming items into
// rounds, each person's in the order they have; switched off it leaves them there.
func (q *Queue) SetFair(on bool) {
	if on != q.fair {
		q.must(Change{Op: OpFair, On: on})
	}
}

// Fair reports whether fair mode is on.
func (q *Queue) Fair() bool { return q.fair }

func (q *Queue) setFair(on bool) error {
	if on == q.fair {
		return errBroken()
	}
	step := Step{Op: OpFair}
	if on {
		step.Order = q.upcoming.ids()
		q.shareOut()
	}
	q.fair = on
	q.remember(step)
	return nil
}

// turns counts the turns of each requester.
type turns map[UserID]int

// turns returns the count as it is before the first upcoming item.
func (q *Queue) turns() turns {
	t := turns{}
	if q.current != nil {
		t[q.current.Requester] = 1
	}
	return t
}

// next returns the round the next item of a requester is in.
func (t turns) next(by UserID) (round int) {
	round = t[by]
	t[by]++
	return round
}

// shareOut puts the upcoming items into rounds.
func (q *Queue) shareOut() {
	t := q.turns()
	rounds := make([]int, q.Len()) // of each item
	var ends []int                 // where the next item of each round goes
	for i, it := range q.upcoming.items {
		rounds[i] = t.next(it.Requester)
		for len(ends) <= rounds[i]+1 {
			ends = append(ends, 0)
		}
		ends[rounds[i]+1]++
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	items := make([]*Item, q.Len())
	for i, it := range q.upcoming.items {
		items[ends[rounds[i]]] = it
		ends[rounds[i]]++
	}
	q.upcoming.set(items)
}

// addFairly puts each of items before the first upcoming one of a later round than its
// own, of those behind all that its requester has asked for.
func (q *Queue) addFairly(items []*Item) {
	t := q.turns()
	rounds := make([]int, q.Len())
	behind := map[UserID]int{} // index behind each requester's last item
	for i, it := range q.upcoming.items {
		rounds[i], behind[it.Requester] = t.next(it.Requester), i+1
	}
	type seat struct{ gap, round, index int }
	seats := make([]seat, len(items))
	for i, it := range items {
		by := it.Requester
		round, gap := t.next(by), behind[by]
		for gap < len(rounds) && rounds[gap] <= round {
			gap++
		}
		behind[by] = gap
		seats[i] = seat{gap, round, i}
	}
	slices.SortFunc(seats, func(a, b seat) int {
		return cmp.Or(a.gap-b.gap, a.round-b.round, a.index-b.index)
	})
	ordered, gaps := make([]*Item, len(items)), make([]int, len(items))
	for i, s := range seats {
		ordered[i], gaps[i] = items[s.index], s.gap
	}
	q.upcoming.weave(ordered, gaps)
}
