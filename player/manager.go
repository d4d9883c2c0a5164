package player

import (
	"context"
	"sync"
	"time"

	"busker/internal/fault"
)

// Manager holds the players of many guilds. A player is made by the first command
// of its guild, and is gone some time after it has left its channel.
type Manager struct {
	opts    Options
	wanted  chan want     // to Run: a player is needed
	stopped chan struct{} // closed when Run has returned

	mu      sync.Mutex // guards the three below
	players map[GuildID]*player
	feed    feed
	turns   []turn // the newest last
}

// want asks Run for a guild's player.
type want struct {
	guild GuildID
	reply chan *player // holds one; nil = the guild is handed over
}

// NewManager returns a Manager that works once Run runs.
func NewManager(opts Options) (*Manager, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	m := &Manager{
		opts: opts, wanted: make(chan want), stopped: make(chan struct{}),
		players: map[GuildID]*player{}, feed: feed{},
	}
	count := m.census
	opts.Metrics.voice.count.Store(&count)
	return m, nil
}

// Run runs all players until ctx ends and they have left their channels. It may
// be called once.
func (m *Manager) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer m.stop(&running)
	for {
		select {
		case w := <-m.wanted:
			p, isNew := m.find(w.guild)
			if isNew {
				running.Go(func() { m.play(ctx, p) })
			}
			w.reply <- p
		case <-ctx.Done():
			return nil
		}
	}
}

// stop waits for the players and ends the subscriptions.
func (m *Manager) stop(running *sync.WaitGroup) {
	close(m.stopped)
	running.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.feed.close()
}

// find returns the guild's player, a new one if need be, and nil for a guild that is
// being handed over.
func (m *Manager) find(guild GuildID) (p *player, isNew bool) {
	m.mu.Lock()
	p, away := m.players[guild], m.isAway(guild)
	m.mu.Unlock()
	if p != nil || away {
		return p, false
	}
	p = newPlayer(&m.opts, guild, func(e Envelope) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.feed.publish(e, m.opts.Metrics)
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isAway(guild) { // since a moment ago
		return nil, false
	}
	m.players[guild] = p
	m.opts.Metrics.players.Inc()
	return p, true
}

// play runs one player and forgets it when it has ended, panics included.
func (m *Manager) play(ctx context.Context, p *player) {
	defer close(p.done)
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.players, p.guild)
		m.opts.Metrics.players.Dec()
	}()
	p.run(ctx)
}

func (m *Manager) lookUp(guild GuildID) *player {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.players[guild]
}

// Do implements Doer. Before Run it waits for Run.
func (m *Manager) Do(ctx context.Context, guild GuildID, c Command) (Status, error) {
	if c == nil {
		return Status{}, fault.New(fault.Invalid, "There is no command.")
	}
	start := time.Now()
	status, err := m.do(ctx, guild, c)
	m.opts.Metrics.commands.WithLabelValues(c.command()).Observe(time.Since(start).Seconds())
	m.audit(ctx, guild, c, status, err)
	return status, err
}

func (m *Manager) do(ctx context.Context, guild GuildID, c Command) (Status, error) {
	r := request{command: c, id: CommandIDOf(ctx), reply: make(chan answer, 1)}
	for {
		p, err := m.player(ctx, guild)
		if err != nil {
			return Status{}, err
		}
		select {
		case p.requests <- r:
			return p.reply(ctx, r)
		case <-p.done: // it ended while we came; the guild gets a new one
			if p.refused != nil {
				return Status{}, p.refused
			}
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
}

// player returns the guild's player, a new one if need be.
func (m *Manager) player(ctx context.Context, guild GuildID) (*player, error) {
	if p := m.lookUp(guild); p != nil {
		return p, nil
	}
	w := want{guild, make(chan *player, 1)}
	select {
	case m.wanted <- w:
		if p := <-w.reply; p != nil {
			return p, nil
		}
		return nil, ErrMoved
	case <-m.stopped:
		return nil, errStopping()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Status returns how the guild's player is now, without waiting for anything; it
// reports false when the guild has none.
func (m *Manager) Status(guild GuildID) (Status, bool) {
	if p := m.lookUp(guild); p != nil {
		return p.now(), true
	}
	return Status{}, false
}

// Subscribe returns the events of all players from now on. A subscriber that has
// buffer events unread loses the next; the players never wait. The channel is
// closed by cancel, which may be called twice, and when Run ends.
func (m *Manager) Subscribe(buffer int) (events <-chan Envelope, cancel func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.feed.add(buffer)
	return c, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.feed.remove(c)
	}
}

// OutputChanged tells the guild's player what happened to its Output. It never
// waits; an event for a guild without a player is dropped.
func (m *Manager) OutputChanged(guild GuildID, e OutputEvent) {
	if p := m.lookUp(guild); p != nil {
		p.inbox.post(e)
	}
}

func errStopping() error { return fault.New(fault.Unavailable, "Busker is shutting down.") }
