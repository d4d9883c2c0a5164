package queue

import (
	"busker/internal/fault"
)

// Place says where items are added.
type Place uint8

// The places. End is the zero Place.
const (
	End  Place = iota // behind all others; in fair mode where fair share puts them
	Next              // before all others
	At                // before the item at an index
)

// Where says where items are added, in one piece unless fair mode takes them apart.
type Where struct {
	Place Place
	Index int // for At, counted from 0; beyond the end counts as the end
}

// AddOptions say how items are added. The zero AddOptions add to the end.
type AddOptions struct {
	Where   Where
	PerUser int  // most upcoming items of one requester; 0 = no limit
	Partial bool // take the first that fit instead of all or none
}

// Add gives items their IDs, puts them where o says and returns how many it took:
// all of them or, unless o.Partial, none. When it takes none it returns a
// fault.TooLarge that says which limit is in the way.
func (q *Queue) Add(o AddOptions, items ...Item) (added int, err error) {
	if o.Where.Place > At || o.Where.Index < 0 {
		return 0, fault.New(fault.Invalid, "There is no such place in the queue.")
	}
	c := copier{copies: make([]*Item, 0, len(items)), left: len(items)}
	if err := q.choose(o, items, c.copy); err != nil || len(c.copies) == 0 {
		return 0, err
	}
	fitting := c.copies
	for i, it := range fitting {
		it.ID = q.lastID + 1 + uint64(i)
	}
	_, err = q.do(Change{Op: OpAdd, Items: fitting, Place: o.Where.Place, Index: o.Where.Index})
	return len(fitting), err
}

// Fits returns the error Add would return, nil when it would take items.
func (q *Queue) Fits(o AddOptions, items ...Item) error {
	return q.choose(o, items, func(*Item) {})
}

// choose calls take for each of those items that may be added, or says why none may; then
// those it was called for do not count.
func (q *Queue) choose(o AddOptions, items []Item, take func(*Item)) (err error) {
	room, asked := max(0, q.max-q.Len()), map[UserID]int{}
	if o.PerUser > 0 {
		q.count(asked)
	}
	taken := 0
	for i := range items {
		by := items[i].Requester
		switch {
		case taken == room:
			err = fault.Newf(fault.TooLarge, "The queue holds at most %d tracks; there is room for %d more.", q.max, room)
		case o.PerUser > 0 && asked[by] >= o.PerUser:
			err = fault.Newf(fault.TooLarge, "One person may have at most %d tracks in the queue.", o.PerUser)
		default:
			if o.PerUser > 0 {
				asked[by]++
			}
			taken++
			take(&items[i])
			continue
		}
		if !o.Partial {
			return err
		}
	}
	if taken > 0 {
		return nil
	}
	return err
}

// copiedAtOnce is how many copies share a piece of memory, which lives as long as one of
// them: enough that 10,000 are made quickly.
const copiedAtOnce = 32

// copier copies items.
type copier struct {
	copies []*Item
	piece  []Item // of memory, not full yet
	left   int    // how many more there may be
}

func (c *copier) copy(it *Item) {
	if len(c.piece) == cap(c.piece) {
		c.piece = make([]Item, 0, min(copiedAtOnce, c.left))
	}
	c.piece = append(c.piece, *it)
	c.copies = append(c.copies, &c.piece[len(c.piece)-1])
	c.left--
}

// count adds up how many upcoming items each requester has.
func (q *Queue) count(by map[UserID]int) {
	for _, it := range q.upcoming.items {
		by[it.Requester]++
	}
}

// add puts items, which have their IDs, where they belong.
func (q *Queue) add(items []*Item, where Where) error {
	if len(items) == 0 || where.Place > At || where.Index < 0 {
		return errBroken()
	}
	for i, it := range items {
		if it == nil || it.ID != q.lastID+1+uint64(i) {
			return errBroken()
		}
	}
	first := q.lastID + 1
	q.lastID += uint64(len(items))
	switch {
	case where.Place == Next:
		q.upcoming.insert(0, items...)
	case where.Place == At:
		q.upcoming.insert(min(where.Index, q.Len()), items...)
	case q.fair:
		q.addFairly(items)
	default:
		q.upcoming.push(items...)
	}
	q.remember(Step{Op: OpAdd, First: first, Last: q.lastID})
	return nil
}
