package player

import (
	"cmp"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"busker/internal/snowflake"
	"busker/opus"
	"busker/opus/pool"
)

// What a zero in Options stands for.
const (
	DefaultIdleTimeout  = 5 * time.Minute
	DefaultStuckTimeout = 30 * time.Second
	DefaultJoinTimeout  = 30 * time.Second
	DefaultLeaveTimeout = 5 * time.Second
	DefaultLookahead    = 200 * time.Millisecond
	DefaultMaxFailures  = 10
)

// Options describe a Manager. Opener and Connect are required.
type Options struct {
	Opener  Opener
	Connect func(guild GuildID) Output // returns the guild's Output at once; called once per player
	// Encoder makes the encoder of a guild, anew each time its channel changes, so
	// that the bitrate can follow; nil = opus.NewEncoder as it is by default.
	Encoder func(guild GuildID) (opus.Encoder, error)
	// Decoder makes the decoders of packets that must be changed; nil = opus.NewDecoder
	// as it is by default.
	Decoder func() (opus.Decoder, error)
	// Bitrate tells what Encoder's encoders are set to, in bit/s; nil = it is not known.
	Bitrate func(guild GuildID) int
	// Pool shares the cores among all that computes, and admits guilds that want to
	// play; nil = everybody computes when it likes, and encoders stay as they are made.
	Pool *pool.Pool
	// Loudness remembers how loud tracks are; nil = some thousands, in this process.
	Loudness LoudnessMemory

	Logger  *slog.Logger // nil = none
	Metrics *Metrics     // nil = counted nowhere
	Audit   Audit        // is told of every command; nil = nobody is

	// Memory keeps what outlives the process; nil = nothing does.
	Memory Memory
	// Shared says that another process may go on with any guild at any moment, with what
	// Memory has of it: a command that is not durable is not answered as done, but with
	// ErrUnkept, once some seconds have passed.
	Shared bool
	// Reachable says why Return must not go to a channel; it never waits. A fault that
	// may pass leaves the way open, any other one closes it. nil = the Output says.
	Reachable func(guild GuildID, channel snowflake.ID) error
	// Idle is the guild's own IdleTimeout, 0 for none of its own; it never waits.
	// nil = no guild has one.
	Idle func(guild GuildID) time.Duration

	// IdleTimeout is how long a player with nothing to play stays in its channel;
	// 0 = DefaultIdleTimeout, negative = for ever.
	IdleTimeout time.Duration
	// StuckTimeout is how long listeners wait in silence for a track that does
	// not come before the next one is tried; 0 = DefaultStuckTimeout.
	StuckTimeout time.Duration
	// JoinTimeout bounds one Join of an Output; 0 = DefaultJoinTimeout. The
	// Output's own, with its better explanation, should strike before it.
	JoinTimeout time.Duration
	// LeaveTimeout bounds one Leave of an Output; 0 = DefaultLeaveTimeout.
	LeaveTimeout time.Duration
	// Lookahead is the most audio an Output holds unsent, which the player must
	// be able to take back; 0 = DefaultLookahead.
	Lookahead time.Duration
	// MaxFailures is how many tracks in a row may fail before the player stops;
	// 0 = DefaultMaxFailures.
	MaxFailures int
	// MaxQueue is the most upcoming tracks; 0 = queue.DefaultMaxItems.
	MaxQueue int
	// Seed makes Shuffle repeatable; 0 = a random one.
	Seed uint64
}

// fill replaces zeros by the defaults, or says what is missing.
func (o *Options) fill() error {
	if o.Opener == nil || o.Connect == nil {
		return errors.New("player options: Opener and Connect are required")
	}
	if o.StuckTimeout < 0 || o.JoinTimeout < 0 || o.LeaveTimeout < 0 || o.Lookahead < 0 || o.MaxFailures < 0 || o.MaxQueue < 0 {
		return errors.New("player options: only IdleTimeout may be negative")
	}
	if o.Encoder == nil {
		o.Encoder = func(GuildID) (opus.Encoder, error) { return opus.NewEncoder(opus.EncoderOptions{}) }
	}
	if o.Decoder == nil {
		o.Decoder = func() (opus.Decoder, error) { return opus.NewDecoder(opus.DecoderOptions{}) }
	}
	if o.Bitrate == nil {
		o.Bitrate = func(GuildID) int { return 0 }
	}
	if o.Loudness == nil {
		o.Loudness = newLoudnessMemory(rememberedTracks)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	o.IdleTimeout = cmp.Or(o.IdleTimeout, DefaultIdleTimeout)
	o.StuckTimeout = cmp.Or(o.StuckTimeout, DefaultStuckTimeout)
	o.JoinTimeout = cmp.Or(o.JoinTimeout, DefaultJoinTimeout)
	o.LeaveTimeout = cmp.Or(o.LeaveTimeout, DefaultLeaveTimeout)
	o.Lookahead = cmp.Or(o.Lookahead, DefaultLookahead)
	o.MaxFailures = cmp.Or(o.MaxFailures, DefaultMaxFailures)
	return nil
}
