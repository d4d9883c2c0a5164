package bot

import (
	"context"
	"sync"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// turns let the calls of one guild that look before they change something come one
// after another. A guild whose player is slow holds up no other.
type turns struct {
	mu     sync.Mutex
	guilds map[snowflake.ID]*lane
}

// lane is one guild's.
type lane struct {
	busy chan struct{} // 1: somebody has the turn
	in   int           // how many have it or wait for it
}

// maxInLine is how many calls of one guild may wait; each keeps a worker of the gateway.
const maxInLine = 16

// take waits for the guild's turn and returns what ends it.
func (t *turns) take(ctx context.Context, guild snowflake.ID) (done func(), err error) {
	l := t.enter(guild)
	if l == nil {
		return nil, fault.New(fault.Busy, textManyChanges)
	}
	select {
	case l.busy <- struct{}{}:
		return func() {
			<-l.busy
			t.leave(guild, l)
		}, nil
	case <-ctx.Done():
		t.leave(guild, l)
		return nil, ctx.Err()
	}
}

// enter returns the guild's line, nil when it is too long.
func (t *turns) enter(guild snowflake.ID) *lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.guilds == nil {
		t.guilds = map[snowflake.ID]*lane{}
	}
	l := t.guilds[guild]
	if l == nil {
		l = &lane{busy: make(chan struct{}, 1)}
		t.guilds[guild] = l
	}
	if l.in > maxInLine {
		return nil
	}
	l.in++
	return l
}

func (t *turns) leave(guild snowflake.ID, l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.in--; l.in == 0 {
		delete(t.guilds, guild)
	}
}
