// Package world is the state of the local Discord: guilds, channels, people, bots,
// messages, commands, interactions and who is in which voice channel, and the
// rules of what may be done to them.
//
// It knows no network: REST, gateway and voice servers ask it and watch it. All
// methods may be called from any goroutine; what they return is a copy. A method
// that takes an actor does what that user may do and otherwise returns the
// *discord.Error that Discord would; methods without one are the hand of the test.
// It starts no goroutines.
package world

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"busker/emulator/discord"
	"busker/internal/snowflake"
)

// ID is Discord's snowflake.
type ID = snowflake.ID

// Options of a world.
type Options struct {
	// AckWithin is how long an application has to acknowledge an interaction;
	// default three seconds, as Discord has it.
	AckWithin time.Duration
	// TokenLife is how long an interaction's token works; default 15 minutes.
	TokenLife time.Duration
	// MaxFile is the largest file in bytes; default 10 MiB.
	MaxFile int
	// FileURL is the base of attachment addresses, without a slash at the end.
	FileURL string
	// OnSilence is told when a user in voice may no longer be heard (server mute, or
	// suppressed) or may again. It is called with the world locked: it must not call it.
	OnSilence func(guild, user ID, silent bool)
}

// World is one Discord.
type World struct {
	opts Options

	mu           sync.Mutex
	lastID       ID
	founded      time.Time // the date of new ids; zero: now
	guildCount   int64
	changed      chan struct{} // closed and replaced at every change
	watchers     map[*Watcher]struct{}
	apps         map[ID]*app // by user id
	tokens       map[string]*app
	users        map[ID]discord.User
	locales      map[ID]string // of people who chose one
	guilds       map[ID]*guild
	channels     map[ID]*channel
	interactions map[ID]*interaction
	webhooks     map[string]*interaction // by token
	answers      Answers
	forgot       time.Time // when interactions were last
	files        map[ID]File
	uploads      []discord.Attachment // to commands, oldest first
	uploaded     int                  // bytes of uploads
	online       map[ID]int           // connected and ready sessions by bot user
	arrived      map[ID]int           // how often a session became one of these
}

// New returns an empty world.
func New(opts Options) *World {
	if opts.AckWithin == 0 {
		opts.AckWithin = 3 * time.Second
	}
	if opts.TokenLife == 0 {
		opts.TokenLife = 15 * time.Minute
	}
	if opts.MaxFile == 0 {
		opts.MaxFile = 10 << 20
	}
	return &World{
		opts:         opts,
		changed:      make(chan struct{}),
		watchers:     map[*Watcher]struct{}{},
		apps:         map[ID]*app{},
		tokens:       map[string]*app{},
		users:        map[ID]discord.User{},
		locales:      map[ID]string{},
		guilds:       map[ID]*guild{},
		channels:     map[ID]*channel{},
		interactions: map[ID]*interaction{},
		webhooks:     map[string]*interaction{},
		files:        map[ID]File{},
		online:       map[ID]int{},
		arrived:      map[ID]int{},
	}
}

// NewID returns an id greater than all before it.
func (w *World) NewID() ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newID()
}

// Found gives ids of a date to what is made from now on, so that they are the same
// in every run; the zero time ends that. It must come before anything else is made.
func (w *World) Found(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.founded = at
}

func (w *World) newID() ID {
	at := w.founded
	if at.IsZero() {
		at = time.Now()
	}
	w.lastID = max(w.lastID+1, snowflake.Make(at, 0))
	return w.lastID
}

// shardCycle is divisible by every plausible number of shards, so that guild ids
// counted up from a multiple of it fall on shard 0, 1, 2, … in turn.
const shardCycle = 720720

// newGuildID places consecutive guilds on consecutive shards; a guild's shard is
// (id >> 22) mod shards.
func (w *World) newGuildID() ID {
	const started = 2022 // guilds are older than what is said in them
	ms := snowflake.Make(time.Date(started, 1, 1, 0, 0, 0, 0, time.UTC), 0) >> 22
	ms += shardCycle - ms%shardCycle + ID(w.guildCount)
	w.guildCount++
	return ms << 22
}

// Wait returns cond's value once cond is true, looking again after every change
// of the world, or ctx's cause. cond is called without the world's lock.
func Wait[T any](ctx context.Context, w *World, cond func() (T, bool)) (T, error) {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if v, ok := cond(); ok {
			return v, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			var zero T
			return zero, context.Cause(ctx)
		}
	}
}

// secret returns text nobody can guess.
func secret() string { return rand.Text() }
