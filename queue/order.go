package queue

import (
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Move takes the upcoming item with that ID and puts it at index to, counted from 0.
func (q *Queue) Move(id uint64, to int) (Item, error) {
	from, err := q.find(id)
	if err == nil {
		err = q.check(to)
	}
	if err != nil {
		return Item{}, err
	}
	it := *q.upcoming.items[from]
	if from != to {
		q.must(Change{Op: OpMove, Item: id, To: to})
	}
	return it, nil
}

func (q *Queue) move(id uint64, to int) error {
	from, err := q.find(id)
	if err == nil {
		err = q.check(to)
	}
	if err != nil {
		return err
	}
	step := Step{Op: OpMove, Item: id, Spots: []Spot{q.upcoming.spot(from)}}
	q.upcoming.move(from, to)
	q.remember(step)
	return nil
}

// Shuffle puts the upcoming items into an order drawn by seed. In fair mode it
// shuffles what each person asked for.
func (q *Queue) Shuffle(seed uint64) {
	if q.Len() > 1 {
		q.must(Change{Op: OpShuffle, Seed: seed})
	}
}

// shuffle must draw the same order in every version of Go and of Busker, for Changes
// are kept. So it is spelled out here: Fisher and Yates, by a PCG (DXSM).
func (q *Queue) shuffle(seed uint64) {
	before := q.upcoming.ids()
	items := slices.Clone(q.upcoming.items)
	pcg := rand.NewPCG(seed, seed)
	for i := len(items) - 1; i > 0; i-- {
		j, _ := bits.Mul64(pcg.Uint64(), uint64(i+1)) // off by 2^-50 from fair
		items[i], items[j] = items[j], items[i]
	}
	q.upcoming.set(items)
	if q.fair {
		q.shareOut()
	}
	q.remember(Step{Op: OpShuffle, Order: before})
}
