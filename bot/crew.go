package bot

import (
	"context"
	"runtime/debug"
	"sync"

	"busker/internal/snowflake"
)

// keeper looks after one thing of one guild, on a goroutine of its own.
type keeper interface {
	// post leaves notes; false means that the keeper is retired and needs a successor.
	post(n notes) bool
	// run works until there is nothing left to look after, or ctx ends. In the latter case
	// it has until the end of ending to leave things in order, unless the cause is
	// errHandedOver: then nothing is done any more.
	run(ctx, ending context.Context)
	// retire is called when run has returned or panicked.
	retire()
}

// mailbox is where a keeper gets its notes. Any goroutine may post.
type mailbox struct {
	mu      sync.Mutex
	pending notes
	retired bool
	wake    chan struct{} // 1: there are notes
}

func newMailbox() mailbox { return mailbox{wake: make(chan struct{}, 1)} }

func (m *mailbox) post(n notes) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.retired {
		return false
	}
	m.pending.add(n)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

func (m *mailbox) take() notes {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.pending
	m.pending = notes{}
	return n
}

// retireIfQuiet ends the keeper unless notes came in the meantime.
func (m *mailbox) retireIfQuiet() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired = len(m.wake) == 0
	return m.retired
}

func (m *mailbox) retire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired = true
}

// crew has a keeper for each guild that needs one. It belongs to Run's goroutine.
type crew struct {
	new func(guild snowflake.ID) keeper
	at  map[snowflake.ID]shift
	// start runs a keeper on a goroutine, until stop is called.
	start func(of *crew, guild snowflake.ID, k keeper) (stop context.CancelCauseFunc)
}

// shift is a keeper at work.
type shift struct {
	keeper
	stop context.CancelCauseFunc
}

// post leaves notes for the guild's keeper, a new one if there is none.
func (c *crew) post(guild snowflake.ID, n notes) {
	if c.tell(guild, n) {
		return
	}
	k := c.new(guild)
	k.post(n)
	c.at[guild] = shift{k, c.start(c, guild, k)}
}

// release ends the keepers of guilds, which leave everything as it is.
func (c *crew) release(guilds func(snowflake.ID) bool) {
	for guild, s := range c.at {
		if guilds(guild) {
			s.stop(errHandedOver)
			delete(c.at, guild)
		}
	}
}

// tell leaves notes for the guild's keeper, if there is one.
func (c *crew) tell(guild snowflake.ID, n notes) bool {
	s, ok := c.at[guild]
	return ok && s.post(n)
}

// ended says that a keeper is done.
type ended struct {
	of    *crew
	guild snowflake.ID
	k     keeper
}

func (e ended) forget() {
	if e.of.at[e.guild].keeper == e.k {
		delete(e.of.at, e.guild)
	}
}

// keep runs a keeper; should it panic, the guild goes without until the next event.
func (b *Bot) keep(ctx, ending context.Context, guild snowflake.ID, k keeper) {
	defer k.retire()
	defer func() {
		if p := recover(); p != nil {
			b.metrics.panics.Inc()
			b.log.Error("keeper panicked", "guild", guild, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	k.run(ctx, ending)
}

// stirs are guilds of which something changed, each once until it is taken. Adding never
// waits.
type stirs struct {
	mu     sync.Mutex
	guilds map[snowflake.ID]bool
	wake   chan struct{} // 1: there are some
}

func (s *stirs) add(guild snowflake.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guilds[guild] = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *stirs) take() map[snowflake.ID]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.guilds
	s.guilds = map[snowflake.ID]bool{}
	return all
}
