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
	changes []Change               // those not written yet; several of a guild have different tokens
	index   map[snowflake.ID]int   // in changes: the newest of a guild
	states  map[snowflake.ID]whole // handed over; they wait until the changes are saved
	begun   time.Time
	fenced  map[claim]bool // refused; nobody reads it before saved is closed
	saved   chan struct{}  // closed when all that is not fenced is durable
}

// whole is a queue as a whole, and by which token it is to be kept.
type whole struct {
	token uint64
	state queue.State
}

func newBatch() *batch {
	return &batch{
		index: map[snowflake.ID]int{}, states: map[snowflake.ID]whole{},
		begun: time.Now(), fenced: map[claim]bool{}, saved: make(chan struct{}),
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
	replaces := c.State != nil && (tight || len(c.Queue) == 0)
	switch {
	case ok && b.changes[i].Token == c.Token:
	case ok && replaces: // what came before is part of it, or worthless
		b.changes[i].Token = c.Token
	default:
		i = len(b.changes)
		b.index[c.Guild] = i
		b.changes = append(b.changes, Change{Guild: c.Guild, Token: c.Token})
	}
	into := &b.changes[i]
	if c.Sound != nil {
		into.Sound = c.Sound
	}
	if c.Place != nil {
		into.Place = c.Place
	}
	into.Queue = append(into.Queue, c.Queue...)
	into.Applied = newest(append(into.Applied, c.Applied...))
	switch {
	case c.State == nil:
	case replaces:
		into.Queue, into.Whole = nil, c.State
		delete(b.states, c.Guild)
	default:
		b.states[c.Guild] = whole{c.Token, *c.State}
	}
}

// part returns how many of the changes one transaction takes, and how many rows they make:
// of each guild one.
func (b *batch) part() (n, rows int) {
	seen := make(map[snowflake.ID]bool, len(b.changes))
	for i := range b.changes {
		if seen[b.changes[i].Guild] {
			break
		}
		seen[b.changes[i].Guild] = true
		more := 1 + len(b.changes[i].Queue)
		for j := range b.changes[i].Queue {
			more += len(b.changes[i].Queue[j].Items)
		}
		if w := b.changes[i].Whole; w != nil {
			more += rowsOf(w)
		}
		if n > 0 && rows+more > partRows {
			break
		}
		n, rows = n+1, rows+more
	}
	return n, rows
}

// rowsOf is how many tracks are in a State.
func rowsOf(s *queue.State) int {
	rows := len(s.Upcoming)
	for i := range s.Undo {
		rows += len(s.Undo[i].Items)
	}
	return rows
}
