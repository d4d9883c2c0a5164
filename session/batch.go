package session

import (
	"time"

	"busker/internal/snowflake"
	"busker/queue"
)

// partRows is how many tracks and steps one transaction holds at most, unless a single
// guild has more: what gathers while the store is away must not become too much for it.
const partRows = 2 * queue.DefaultMaxItems

// batch is what is written together: one Change per guild.
type batch struct {
	changes []Change                     // those not written yet
	index   map[snowflake.ID]int         // in changes
	states  map[snowflake.ID]queue.State // handed over; they wait until the changes are saved
	whole   map[snowflake.ID]queue.State // stand for changes that were dropped, and are written first
	begun   time.Time
	saved   chan struct{} // closed when all of it is durable
}

func newBatch() *batch {
	return &batch{
		index: map[snowflake.ID]int{}, states: map[snowflake.ID]queue.State{}, whole: map[snowflake.ID]queue.State{},
		begun: time.Now(), saved: make(chan struct{}),
	}
}

// has reports whether b, which may be nil, holds a change of guild.
func (b *batch) has(guild snowflake.ID) bool {
	if b == nil {
		return false
	}
	_, ok := b.index[guild]
	return ok
}

// merge adds c. When tight, the changes a State makes worthless are dropped, so that a
// batch that cannot be written grows with the queues and not with what people do. A State
// that comes without changes is about a queue that does not go on from what is kept.
func (b *batch) merge(c Change, tight bool) {
	i, ok := b.index[c.Guild]
	if !ok {
		i = len(b.changes)
		b.index[c.Guild] = i
		b.changes = append(b.changes, Change{Guild: c.Guild})
	}
	into := &b.changes[i]
	if c.Sound != nil {
		into.Sound = c.Sound
	}
	if c.Place != nil {
		into.Place = c.Place
	}
	into.Queue = append(into.Queue, c.Queue...)
	switch {
	case c.State == nil:
	case tight || len(c.Queue) == 0:
		into.Queue = nil
		delete(b.states, c.Guild)
		b.whole[c.Guild] = *c.State
	default:
		b.states[c.Guild] = *c.State
	}
}

// part returns how many of the changes one transaction takes, and how many rows they make.
func (b *batch) part() (n, rows int) {
	for i := range b.changes {
		more := 1 + len(b.changes[i].Queue)
		for j := range b.changes[i].Queue {
			more += len(b.changes[i].Queue[j].Items)
		}
		if n > 0 && rows+more > partRows {
			break
		}
		n, rows = n+1, rows+more
	}
	return n, rows
}
