// Package queue keeps the order in which a guild's tracks will be played.
//
// It knows tracks only by value and never plays, fetches or persists one: the
// player asks for the next track. A Queue is owned by one player goroutine and
// is not safe for concurrent use; the lists it gives out may be read by anybody.
package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"busker/internal/fault"
	"busker/track"
)

const (
	// DefaultMaxItems is the limit on upcoming items when Options name none: more
	// than anybody scrolls through, and little enough to copy in a millisecond.
	DefaultMaxItems = 10_000
	// MaxHistory is how many played items Previous can go back through.
	MaxHistory = 100
)

// UserID is the id of whoever asked for a track. It means nothing to a Queue.
type UserID uint64

// Item is one entry of a queue.
type Item struct {
	ID        uint64 // tells entries of one Queue apart; given by Add, never reused
	Track     track.Track
	Requester UserID
}

// Loop says what comes after an item has ended.
type Loop uint8

// The loop modes. Off is the zero Loop.
const (
	Off   Loop = iota // each item plays once
	Track             // the same item plays again
	All               // an item that ended goes to the end of the queue
)

var loopNames = [...]string{"off", "track", "queue"}

// String returns the mode as people write it: off, track or queue.
func (l Loop) String() string {
	if int(l) < len(loopNames) {
		return loopNames[l]
	}
	return loopNames[Off]
}

// ParseLoop reads what String writes.
func ParseLoop(s string) (Loop, error) {
	if i := slices.Index(loopNames[:], s); i >= 0 {
		return Loop(i), nil
	}
	return Off, fault.New(fault.Invalid, fmt.Sprintf("There is no loop mode %q; take off, track or queue.", s))
}

// Options bound a Queue. The zero Options are good.
type Options struct {
	MaxItems int // most upcoming items; 0 = DefaultMaxItems
}

// Queue is the current item, those upcoming and those played before it.
type Queue struct {
	max      int
	lastID   uint64
	loop     Loop
	current  Item // ID 0 = none
	upcoming []Item
	played   []Item // oldest first, at most MaxHistory
	listed   []Item // what List last gave out; nil when upcoming changed since
}

// New returns an empty Queue.
func New(opts Options) *Queue {
	if opts.MaxItems <= 0 {
		opts.MaxItems = DefaultMaxItems
	}
	return &Queue{max: opts.MaxItems}
}

// Add appends items and gives each its ID. It takes all of them or, when they
// would exceed the limit, none and returns a fault.TooLarge.
func (q *Queue) Add(items ...Item) error {
	if err := q.Room(len(items)); err != nil {
		return err
	}
	q.changed()
	for _, it := range items {
		q.lastID++
		it.ID = q.lastID
		q.upcoming = append(q.upcoming, it)
	}
	return nil
}

// Room returns nil when n more items fit, else the error Add would return.
func (q *Queue) Room(n int) error {
	if n <= q.max-len(q.upcoming) {
		return nil
	}
	return fault.New(fault.TooLarge, fmt.Sprintf("The queue holds at most %d tracks; there is room for %d more.",
		q.max, max(0, q.max-len(q.upcoming))))
}

// Current returns the item Next, Skip or Previous last made the current one.
func (q *Queue) Current() (Item, bool) { return q.current, q.current.ID != 0 }

// Peek returns what Next would return, and changes nothing.
func (q *Queue) Peek() (Item, bool) {
	switch {
	case q.loop == Track && q.current.ID != 0:
		return q.current, true
	case len(q.upcoming) > 0:
		return q.upcoming[0], true
	case q.loop == All && q.current.ID != 0:
		return q.current, true
	}
	return Item{}, false
}

// Next ends the current item and makes the one that follows it by the loop mode
// the current one. It returns false when there is none, and then no item is current.
func (q *Queue) Next() (Item, bool) {
	if q.loop == Track && q.current.ID != 0 {
		return q.current, true
	}
	return q.Skip(1)
}

// Skip leaves the current item and the n-1 upcoming ones after it, even when the
// loop mode is Track, and makes the one behind them current. In loop mode All
// what is skipped goes to the end of the queue. An n beyond the end counts as one
// round. It returns false when the queue is exhausted, and then no item is current.
func (q *Queue) Skip(n int) (Item, bool) {
	for range min(n, len(q.upcoming)+1) {
		q.retire()
		if len(q.upcoming) == 0 {
			return Item{}, false
		}
		q.changed()
		q.current = q.upcoming[0]
		q.upcoming[0] = Item{}
		q.upcoming = q.upcoming[1:]
	}
	return q.Current()
}

// retire moves the current item to where the loop mode wants it.
func (q *Queue) retire() {
	if q.current.ID == 0 {
		return
	}
	if q.loop == All {
		q.changed()
		q.upcoming = append(q.upcoming, q.current)
	}
	q.remember(q.current)
	q.current = Item{}
}

func (q *Queue) remember(it Item) {
	if len(q.played) == MaxHistory {
		q.played = slices.Delete(q.played, 0, 1)
	}
	q.played = append(q.played, it)
}

// Drop forgets the current item: it neither repeats nor comes round again nor is
// gone back to. That is for an item that turned out to be unplayable.
func (q *Queue) Drop() { q.current = Item{} }

// Previous makes the item played before the current one current again and puts
// the current one back to the head of the queue, where the limit does not stop
// it. It returns false, and changes nothing, when nothing was played before.
func (q *Queue) Previous() (Item, bool) {
	if len(q.played) == 0 {
		return Item{}, false
	}
	q.changed()
	last := len(q.played) - 1
	previous := q.played[last]
	q.played = slices.Delete(q.played, last, last+1)
	same := func(it Item) bool { return it.ID == previous.ID }
	if i := slices.IndexFunc(q.upcoming, same); i >= 0 { // loop mode All had put it there
		q.upcoming = slices.Delete(q.upcoming, i, i+1)
	}
	if q.current.ID != 0 && q.current.ID != previous.ID {
		q.upcoming = slices.Insert(q.upcoming, 0, q.current)
	}
	q.current = previous
	return previous, true
}

// Remove takes the upcoming item at index i, counted from 0, out of the queue.
func (q *Queue) Remove(i int) (Item, error) {
	if err := q.check(i); err != nil {
		return Item{}, err
	}
	q.changed()
	it := q.upcoming[i]
	q.upcoming = slices.Delete(q.upcoming, i, i+1)
	return it, nil
}

// Move takes the upcoming item at index from and puts it at index to.
func (q *Queue) Move(from, to int) (Item, error) {
	if err := q.check(from); err != nil {
		return Item{}, err
	}
	if err := q.check(to); err != nil {
		return Item{}, err
	}
	q.changed()
	it := q.upcoming[from]
	if from < to {
		copy(q.upcoming[from:to], q.upcoming[from+1:to+1])
	} else {
		copy(q.upcoming[to+1:from+1], q.upcoming[to:from])
	}
	q.upcoming[to] = it
	return it, nil
}

// check refuses an index outside the queue, in the words of people, who count from 1.
func (q *Queue) check(i int) error {
	switch {
	case i >= 0 && i < len(q.upcoming):
		return nil
	case len(q.upcoming) == 0:
		return fault.New(fault.Invalid, "The queue is empty.")
	}
	return fault.New(fault.Invalid, fmt.Sprintf("There is no track %d in the queue; it goes from 1 to %d.", i+1, len(q.upcoming)))
}

// Shuffle puts the upcoming items into an order drawn from r.
func (q *Queue) Shuffle(r *rand.Rand) {
	q.changed()
	r.Shuffle(len(q.upcoming), func(i, j int) {
		q.upcoming[i], q.upcoming[j] = q.upcoming[j], q.upcoming[i]
	})
}

// Clear removes all upcoming items; the current one and those played stay.
func (q *Queue) Clear() {
	q.changed()
	q.upcoming = nil
}

// SetLoop sets the loop mode.
func (q *Queue) SetLoop(l Loop) { q.loop = l }

// Loop returns the loop mode.
func (q *Queue) Loop() Loop { return q.loop }

// Len returns the number of upcoming items.
func (q *Queue) Len() int { return len(q.upcoming) }

// Duration returns the total length of the upcoming items. Those of unknown
// length and endless ones count as nothing.
func (q *Queue) Duration() time.Duration {
	var sum time.Duration
	for i := range q.upcoming {
		sum += q.upcoming[i].Track.Length
	}
	return sum
}

// List returns the upcoming items. The list never changes and must not be
// changed: all callers between two changes of the queue get the same one.
func (q *Queue) List() []Item {
	if q.listed == nil {
		q.listed = slices.Clone(q.upcoming)
	}
	return q.listed
}

func (q *Queue) changed() { q.listed = nil }
