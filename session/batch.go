package session

import (
	"slices"
	"time"

	"busker/internal/snowflake"
	"busker/queue"
)

// batch is what one transaction writes: one Change per guild.
type batch struct {
	changes []Change
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
	into.Queue = append(slices.Clip(into.Queue), c.Queue...)
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
