package bot

import (
	"context"
	"errors"
	"sync"

	"busker/internal/snowflake"
	"busker/player"
)

// loads are the long lists that are being added to queues.
type loads struct {
	mu     sync.Mutex
	next   uint64
	guilds map[snowflake.ID]map[uint64]context.CancelCauseFunc
}

// errEmptied is why a load ends whose queue was emptied, or whose player was sent away.
var errEmptied = errors.New("the queue was emptied")

// begin returns a context that ends when somebody empties the guild's queue; done must be
// called when the list is there.
func (l *loads) begin(ctx context.Context, guild snowflake.ID) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.guilds == nil {
		l.guilds = map[snowflake.ID]map[uint64]context.CancelCauseFunc{}
	}
	if l.guilds[guild] == nil {
		l.guilds[guild] = map[uint64]context.CancelCauseFunc{}
	}
	l.next++
	number := l.next
	l.guilds[guild][number] = cancel
	return ctx, func() {
		cancel(nil)
		l.mu.Lock()
		defer l.mu.Unlock()
		if delete(l.guilds[guild], number); len(l.guilds[guild]) == 0 {
			delete(l.guilds, guild)
		}
	}
}

// heed ends the guild's loads when cmd empties the queue.
func (l *loads) heed(guild snowflake.ID, cmd player.Command) {
	switch cmd.(type) {
	case player.Stop, player.Leave, player.Clear:
	default:
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, cancel := range l.guilds[guild] {
		cancel(errEmptied)
	}
}
