package bot

import (
	"context"
	"maps"
	"slices"
	"sync"

	"busker/internal/snowflake"
	"busker/session"
)

// CardStore keeps where cards are, so that a process that starts takes over those of the
// one before. Its methods may be called from any goroutine.
type CardStore interface {
	// Cards returns those of all guilds, in any order.
	Cards(ctx context.Context) ([]session.Card, error)
	// KeepCard keeps p in place of what was kept of its guild.
	KeepCard(ctx context.Context, p session.Card) error
	// DropCard forgets the guild's place, if there is one.
	DropCard(ctx context.Context, guild snowflake.ID) error
}

// MemoryCards is a CardStore that lasts as long as it is referred to. The zero value is empty.
type MemoryCards struct {
	mu     sync.Mutex
	places map[snowflake.ID]session.Card
}

// Cards implements CardStore.
func (m *MemoryCards) Cards(context.Context) ([]session.Card, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.places)), nil
}

// KeepCard implements CardStore.
func (m *MemoryCards) KeepCard(_ context.Context, p session.Card) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.places == nil {
		m.places = map[snowflake.ID]session.Card{}
	}
	m.places[p.Guild] = p
	return nil
}

// DropCard implements CardStore.
func (m *MemoryCards) DropCard(_ context.Context, guild snowflake.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.places, guild)
	return nil
}
