package voice

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"log/slog"
	"time"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/pace"
)

// HubOptions configure a Hub. Shard is required.
type HubOptions struct {
	// Shard carries op 4 to Discord.
	Shard Shard
	// User returns our own id once the main gateway has told it. Required to
	// identify; until it returns an id, Join fails.
	User func() snowflake.ID
	// Online reports whether the guild's shard is connected now. While it is not, what
	// Discord does not say is no answer: connections wait for it, for at most
	// Timeouts.Offline. It must not block; nil for always.
	Online func(guild snowflake.ID) bool
	// MayRejoin reports whether the guild is still ours, where several processes share a
	// bot: nil is yes, cluster.ErrUnreachable that it can not be known, any other error
	// no. It is asked, on goroutines that may wait, before a connection that was lost is
	// asked for again, before one that is given up is left, and when the process stood
	// still, and may take until Timeouts.Owner. A guild that is not ours is given up
	// without a word to Discord; nil for always ours.
	MayRejoin func(ctx context.Context, guild snowflake.ID) error
	// TLS is used for the voice gateway's websocket; nil for the system's roots.
	TLS *tls.Config
	// Logger receives life events at Info, trouble at Warn, protocol at Debug;
	// nil discards.
	Logger *slog.Logger
	// Metrics counts packets and lateness; nil counts for nobody.
	Metrics *Metrics
	// OnEvent is told of what happens to connections. It is called on a
	// connection's own goroutine and must not block; nil ignores.
	OnEvent func(Event)
	// Lookahead is how much audio a connection buffers: more survives longer
	// stalls of the producer, less makes commands audible sooner. Default 200 ms.
	Lookahead time.Duration
	// Threads is how many threads send at most; those without connections sleep.
	// 0 = one per core, at most four.
	Threads int
	// Dedicated gives every connection a UDP socket of its own, instead of one for up
	// to 256: for networks that misunderstand shared ones.
	Dedicated bool
	// Timeouts bound the steps of joining and recovering.
	Timeouts Timeouts
	// Key signs for us in the groups of end-to-end encryption, in all guilds; nil
	// for a new one.
	Key *mls.SignatureKey
	// WithoutDAVE announces that we do not speak end-to-end encryption. Discord
	// refuses that everywhere but in stage channels.
	WithoutDAVE bool
	// Clock paces the packets, on one thread then; nil for the system's monotonic
	// clock.
	Clock pace.Clock

	// Tests replace these.
	encrypt func(dave.Options) encryption
	run     func(*session, context.Context) error
}

// Timeouts bound the steps of joining and recovering. Zero fields take defaults.
type Timeouts struct {
	Join        time.Duration // a whole Join, or, leaving, for op 4 null to go out unless it is queued; 30 s
	Events      time.Duration // from op 4 to both events of the main gateway; 8 s
	Dial        time.Duration // TCP, TLS and websocket handshake; 10 s
	Hello       time.Duration // 5 s
	Ready       time.Duration // from Identify; 10 s
	Discovery   time.Duration // one of five tries at IP discovery; 1 s
	Description time.Duration // from Select Protocol; 10 s
	Keys        time.Duration // from the session description to a decision how to encrypt; 5 s
	Resume      time.Duration // from Resume to Resumed; 5 s
	Follow      time.Duration // for Discord to say where to after it closed the session; 10 s
	Allocate    time.Duration // for a new server after the old one went away; 60 s
	Leave       time.Duration // for our own state to say that we are out, or the silence to end; 2 s
	Offline     time.Duration // for the guild's shard to be connected again; 5 min
	Owner       time.Duration // for MayRejoin, or, where nobody knows, for Discord to refute a doubt; 1 s
	Backoff     time.Duration // before the second resume and the first rejoin; doubles up to 30 times as much; 1 s
}

// withDefaults returns the options with their zero fields filled in.
func (o HubOptions) withDefaults() HubOptions {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	if o.User == nil {
		o.User = func() snowflake.ID { return 0 }
	}
	if o.encrypt == nil {
		o.encrypt = encrypt
	}
	if o.run == nil {
		o.run = (*session).run
	}
	if o.Online == nil {
		o.Online = func(snowflake.ID) bool { return true }
	}
	if o.Key == nil && !o.WithoutDAVE {
		o.Key = newKey()
	}
	o.Timeouts = o.Timeouts.withDefaults()
	return o
}

func newKey() *mls.SignatureKey {
	key, err := mls.NewSignatureKey(rand.Reader)
	if err != nil {
		panic("the system's randomness never fails: " + err.Error())
	}
	return key
}

func (t Timeouts) withDefaults() Timeouts {
	for _, field := range []struct {
		value *time.Duration
		zero  time.Duration
	}{
		{&t.Join, 30 * time.Second},
		{&t.Events, 8 * time.Second},
		{&t.Dial, 10 * time.Second},
		{&t.Hello, 5 * time.Second},
		{&t.Ready, 10 * time.Second},
		{&t.Discovery, time.Second},
		{&t.Description, 10 * time.Second},
		{&t.Keys, 5 * time.Second},
		{&t.Resume, 5 * time.Second},
		{&t.Follow, 10 * time.Second},
		{&t.Allocate, 60 * time.Second},
		{&t.Leave, 2 * time.Second},
		{&t.Offline, 5 * time.Minute},
		{&t.Owner, time.Second},
		{&t.Backoff, time.Second},
	} {
		if *field.value <= 0 {
			*field.value = field.zero
		}
	}
	return t
}
