package player

import (
	"context"
	"errors"
)

// Manager holds the players of many guilds.
type Manager struct{ opts Options }

// NewManager returns a Manager that works once Run runs.
func NewManager(opts Options) (*Manager, error) {
	if opts.Opener == nil || opts.Connect == nil || opts.Encoder == nil {
		return nil, errors.New("player: options without an opener, an encoder or connect")
	}
	return &Manager{opts: opts}, nil
}

// Run runs all players until ctx ends and they have left their channels.
func (m *Manager) Run(ctx context.Context) error { return errors.New("not yet") }

// Do implements Doer. It waits for Run.
func (m *Manager) Do(ctx context.Context, guild GuildID, c Command) (Status, error) {
	return Status{}, errors.New("not yet")
}

// Status returns how the guild's player is now, without waiting for anything; it
// reports false when the guild has none.
func (m *Manager) Status(guild GuildID) (Status, bool) { return Status{}, false }

// Subscribe returns the events of all players from now on. A subscriber that has
// buffer events unread loses the next; the players never wait. The channel is
// closed by cancel, which may be called twice, and when Run ends.
func (m *Manager) Subscribe(buffer int) (events <-chan Envelope, cancel func()) { return nil, func() {} }

// OutputChanged tells the guild's player what happened to its Output. It never
// waits; an event for a guild without a player is dropped.
func (m *Manager) OutputChanged(guild GuildID, e OutputEvent) {}
