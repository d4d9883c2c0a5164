package player

import (
	"cmp"
	"context"
	"slices"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
)

// Memory keeps what of players outlives the process. session.Keeper is one.
type Memory interface {
	// Load returns what is kept of a guild, all that was handed to Keep included.
	Load(ctx context.Context, guild GuildID) (session.Saved, error)
	// Unfinished returns the guilds that have a channel to go back to, newest first.
	Unfinished(ctx context.Context) ([]GuildID, error)
	// Keep takes over c and never waits.
	Keep(c session.Change) session.Receipt
	// Drop says that a guild's position no longer goes on in this process.
	Drop(guild GuildID)
}

// durableWithin is how long an answer waits for what it answers to be durable. After
// that people hear that it is done: it is, and most likely will be kept, too.
const durableWithin = 2 * time.Second

// sharedWithin is the same where Options.Shared: what was done may be forgotten any
// moment then, and after that people hear so.
const sharedWithin = 5 * time.Second

// stoodStill is how late a timer is in a process that was stopped.
const stoodStill = time.Second

// ErrUnkept answers commands that were carried out and are not kept, since the Memory is
// out of reach: see Options.Shared. With the same id they may be given again.
var ErrUnkept = fault.New(fault.Unavailable, "I did it, but I cannot reach my memory right now: I may forget it again.")

// kept is what a player knows of what its Memory has of it.
type kept struct {
	able    bool // what was kept before is loaded: from now on changes may be kept
	replace bool // the queue does not go on from what is kept
	sound   session.Sound
	stand   stand
	cost    int // of loading the changes since the queue was last handed over whole
}

// stand is what a session.Place is made of, without the time that passes.
type stand struct {
	channel snowflake.ID
	item    uint64
	segment *segment      // nil = at says where in item
	at      time.Duration // zero when there is a segment
	moving  bool          // sound comes out

	playing, paused, held bool
	sleep                 sleep
}

// keep hands over what has changed since the last time. It returns the zero Receipt when
// nothing has.
func (p *player) keep() (saved session.Receipt) {
	changes := p.queue.Changes()
	if !p.kept.able {
		return saved
	}
	c := session.Change{Guild: p.guild, Queue: changes}
	if s := p.sound(); !sameSound(s, p.kept.sound) {
		p.kept.sound, c.Sound = s, &s
	}
	if now := p.stand(); now != p.kept.stand {
		p.kept.stand, c.Place = now, new(p.place(now))
		c.Now = p.clock(now)
	}
	p.hand(&c)
	if c.Sound == nil && c.Place == nil && c.Queue == nil && c.State == nil {
		p.deeds.unkept = nil // what they have changed ends with the process
		return saved
	}
	c.Applied = p.deeds.hand()
	return p.opts.Memory.Keep(c)
}

// hand adds the whole queue to c when loading all changes since it was last handed over
// has become dearer than loading it. That makes it cheap: to look at n items, as many
// must have been added or changed before.
func (p *player) hand(c *session.Change) {
	for i := range c.Queue {
		p.kept.cost += 1 + len(c.Queue[i].Items) + len(c.Queue[i].IDs)
	}
	if p.kept.replace {
		c.Queue, p.kept.replace = nil, false
	} else if p.kept.cost <= logAtLeast+2*(p.queue.Len()+queue.MaxHistory) {
		return
	}
	p.kept.cost = 0
	c.State = new(p.queue.State())
}

// logAtLeast is how many changes are kept one by one, however short the queue.
const logAtLeast = 256

// sound returns what is kept of how the guild wants its tracks to sound.
func (p *player) sound() session.Sound {
	return session.Sound{
		Volume: p.volume, Filters: p.filters, Effects: p.effects, Normalise: p.normalise,
		Crossfade: p.crossfade, Loop: p.queue.Loop(), Fair: p.queue.Fair(), Stay: p.stay,
	}
}

func sameSound(a, b session.Sound) bool {
	effects := slices.Equal(a.Effects, b.Effects)
	return effects && a.Volume == b.Volume && a.Filters == b.Filters && a.Normalise == b.Normalise &&
		a.Crossfade == b.Crossfade && a.Loop == b.Loop && a.Fair == b.Fair && a.Stay == b.Stay
}

// stand returns where the player is.
func (p *player) stand() stand {
	s := stand{channel: p.bookmark.channel, sleep: p.sleep}
	if p.current != nil {
		s.item, s.segment, s.playing, s.paused, s.held = p.current.item.ID, p.current, true, p.paused, p.held
		s.moving = p.started && !p.still() && p.cut.IsZero() && !p.stopping
	} else if p.marked() {
		b := p.bookmark
		s.item, s.at, s.playing, s.paused, s.held = b.item, b.at, b.playing, b.paused, b.held
	}
	if p.channel != 0 && (p.current != nil || p.stay) {
		s.channel = p.channel
	}
	return s
}

// place returns s as it is at this moment.
func (p *player) place(s stand) session.Place {
	place := session.Place{
		Channel: s.channel, Item: s.item, Position: s.at, At: time.Now(),
		Playing: s.playing, Paused: s.paused, Held: s.held,
		SleepAt: s.sleep.at, SleepAfterTrack: s.sleep.afterTrack,
	}
	if s.segment != nil {
		place.Position = p.pump.position(s.segment)
	}
	if s.moving {
		_, place.Speed = p.clock(s)()
	}
	return place
}

// clock returns how to ask where s is from then on, nil when it stands still.
func (p *player) clock(s stand) func() (time.Duration, float64) {
	if !s.moving {
		return nil
	}
	return func() (time.Duration, float64) {
		return p.pump.position(s.segment), cmp.Or(p.pump.shown.Load().speed, 1)
	}
}

// rest keeps where the player is when the process ends, so that the next one can go on
// from there. Nothing after it is kept.
func (p *player) rest(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	p.pump.pause(ctx)
	p.stopping = true
	p.keep()
	p.kept.able = false
}

// durable waits until an answer may be given. It fails with ErrMoved when what is answered
// will not be kept, for the guild is another process's, and with that of ctx when nobody
// can say so in time.
func (p *player) durable(ctx context.Context, saved session.Receipt) error {
	if saved.Done() == nil {
		return nil
	}
	within := durableWithin
	if p.opts.Shared {
		within = sharedWithin
	}
	late := time.NewTimer(within)
	defer late.Stop()
	for begun := time.Now(); ; {
		select {
		case <-saved.Done():
		case <-ctx.Done():
		case <-late.C:
		}
		select {
		case <-saved.Done(): // whatever else has happened
			if saved.Err() != nil {
				return ErrMoved
			}
			return nil
		default:
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(begun) < within+stoodStill:
			return p.impatient(within)
		}
		// The process was stopped, and the guild may be another's by now: the Memory is
		// about to hear of that.
		begun = time.Now()
		late.Reset(within)
	}
}

// impatient is what is said of a change that is not durable after a time.
func (p *player) impatient(within time.Duration) error {
	p.log.Warn("a command is answered before it is saved", "after", within)
	if p.opts.Shared {
		return ErrUnkept
	}
	return nil
}

// forgetful reports whether what people have the player do may be forgotten, and they must
// hear so: what was kept of the guild could not be loaded, and until it is, nothing is kept.
func (p *player) forgetful() bool {
	return p.opts.Shared && p.opts.Memory != nil && !p.kept.able && p.custody == ours
}
