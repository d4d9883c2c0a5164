// Package queue keeps the order in which a guild's tracks will be played.
//
// It knows tracks only by value and never plays, fetches or persists one: the
// player asks for the next track. Everything that happens to a Queue is a Change,
// small and repeatable: whoever keeps a State and the Changes since can Restore the
// very same Queue. A Queue is owned by one player goroutine and is not safe for
// concurrent use; the lists it gives out never change and may be read by anybody.
package queue

import (
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

// Item is one entry of a queue. Once it is in one it is never changed, and pointers to it
// may be kept and read by anybody.
type Item struct {
	ID        uint64      `json:"id"` // tells entries of one Queue apart; given by Add, never reused
	Track     track.Track `json:"track"`
	Requester UserID      `json:"by,omitempty"` // 0 = nobody
}

// Options bound a Queue. The zero Options are good.
type Options struct {
	MaxItems int // most upcoming items; 0 = DefaultMaxItems
}

// Queue is the current item, those upcoming and those played before it.
type Queue struct {
	max      int
	seq      uint64 // of the last Change
	lastID   uint64
	loop     Loop
	fair     bool
	current  *Item // nil = none
	upcoming line
	played   []*Item // oldest first, at most MaxHistory
	history  []*Item // what History last gave out; nil when played changed since
	undo     []Step  // oldest first
	log      []Change
}

// New returns an empty Queue.
func New(opts Options) *Queue {
	if opts.MaxItems <= 0 {
		opts.MaxItems = DefaultMaxItems
	}
	return &Queue{max: opts.MaxItems}
}

// Current returns the item Next, Skip, Jump or Previous last made the current one.
func (q *Queue) Current() (Item, bool) {
	if q.current == nil {
		return Item{}, false
	}
	return *q.current, true
}

// Peek returns what Next would return, and changes nothing.
func (q *Queue) Peek() (Item, bool) {
	switch {
	case q.Len() > 0 && (q.loop != Track || q.current == nil):
		return *q.upcoming.items[0], true
	case q.loop != Off:
		return q.Current()
	}
	return Item{}, false
}

// LastID returns the ID given last; the n items Add took have the n IDs up to it.
func (q *Queue) LastID() uint64 { return q.lastID }

// Len returns the number of upcoming items.
func (q *Queue) Len() int { return len(q.upcoming.items) }

// Duration returns the total length of the upcoming items. Those of unknown
// length and endless ones count as nothing.
func (q *Queue) Duration() time.Duration { return q.upcoming.length }

// List returns the upcoming items without copying them. The list never changes
// and must not be changed.
func (q *Queue) List() []*Item { return slices.Clip(q.upcoming.items) }

// History returns the items played or passed over before the current one, newest
// first, at most MaxHistory. The list never changes and must not be changed.
func (q *Queue) History() []*Item {
	if q.history == nil {
		q.history = slices.Clone(q.played)
		slices.Reverse(q.history)
	}
	return q.history
}

// Find returns the index of the upcoming item with that ID.
func (q *Queue) Find(id uint64) (index int, ok bool) {
	index = slices.IndexFunc(q.upcoming.items, func(it *Item) bool { return it.ID == id })
	return index, index >= 0
}

// At returns the upcoming item at index i, counted from 0, or a fault.Invalid in
// the words of people, who count from 1.
func (q *Queue) At(i int) (Item, error) {
	if err := q.check(i); err != nil {
		return Item{}, err
	}
	return *q.upcoming.items[i], nil
}

func (q *Queue) check(i int) error {
	switch {
	case i >= 0 && i < q.Len():
		return nil
	case q.Len() == 0:
		return errEmpty()
	}
	return fault.Newf(fault.Invalid, "There is no track %d in the queue; it goes from 1 to %d.", i+1, q.Len())
}

// find is Find for a caller who must know why not.
func (q *Queue) find(id uint64) (int, error) {
	if i, ok := q.Find(id); ok {
		return i, nil
	}
	return 0, errGone()
}

func errEmpty() error { return fault.New(fault.Invalid, "The queue is empty.") }

func errGone() error { return fault.New(fault.NotFound, "That track is no longer in the queue.") }
