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
	if q.current.ID != 0 {
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
	type turn struct{ round, index int }
	order, t := make([]turn, q.Len()), q.turns()
	for i := range order {
		order[i] = turn{t.next(q.upcoming.items[i].Requester), i}
	}
	slices.SortStableFunc(order, func(a, b turn) int { return a.round - b.round })
	items := make([]Item, q.Len())
	for i, o := range order {
		items[i] = q.upcoming.items[o.index]
	}
	q.upcoming = lined(items)
}

// addFairly puts each of items before the first upcoming one of a later round than its
// own, of those behind all that its requester has asked for.
func (q *Queue) addFairly(items []Item) {
	t := q.turns()
	rounds := make([]int, q.Len())
	behind := map[UserID]int{} // index behind each requester's last item
	for i := range rounds {
		by := q.upcoming.items[i].Requester
		rounds[i], behind[by] = t.next(by), i+1
	}
	type seat struct{ gap, round, index int }
	seats := make([]seat, len(items))
	for i := range items {
		by := items[i].Requester
		round, gap := t.next(by), behind[by]
		for gap < len(rounds) && rounds[gap] <= round {
			gap++
		}
		behind[by] = gap
		seats[i] = seat{gap, round, i}
	}
	slices.SortStableFunc(seats, func(a, b seat) int {
		return cmp.Or(a.gap-b.gap, a.round-b.round)
	})
	ordered, gaps := make([]Item, len(items)), make([]int, len(items))
	for i, s := range seats {
		ordered[i], gaps[i] = items[s.index], s.gap
	}
	q.upcoming.weave(ordered, gaps)
}
