// Package gateway holds the bot's connection to Discord: the shards and their
// sessions, events in, voice states out, the REST client, and the little of the
// guilds that playing music needs to know.
//
// It knows nothing of commands, players or voice connections: whoever wants events
// gives New a function for them. Those functions are called on the shards' read
// loops and must return at once; only OnInteraction runs elsewhere and may take its
// time. Every goroutine belongs to Run.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"golang.org/x/sync/errgroup"

	"busker/cluster"
	"busker/gateway/conn"
	"busker/internal/fault"
	"busker/internal/snowflake"
)

// Options says how to reach Discord and whom to tell what. Only Token is needed.
type Options struct {
	Token  Token
	Shards int // number of shards; 0 takes what Discord recommends

	API       *url.URL          // base of another Discord, the emulator's; nil is Discord itself
	Transport http.RoundTripper // carries REST; nil is http.DefaultTransport
	TLS       *tls.Config       // for the gateway's sockets; nil trusts the system's roots

	Compression string // of the gateway's sockets: conn.Zstd, conn.Zlib or conn.None; "" is Zstd

	IdentifyEvery     time.Duration // pause between identifies of one bucket; 0 is Discord's 5 s, and a little for the way
	ResumeWait        time.Duration // longest random wait before a new session after a refused resume; 0 is Discord's 5 s
	OpenTimeout       time.Duration // for each step of connecting a shard: the socket, Hello, READY; 0 is 30 s
	ReconnectWait     time.Duration // first pause before a reconnect, doubled up to 2 min; 0 is 500 ms
	InteractionBuffer int           // interactions waiting for a worker; 0 is 256
	Interactions      int           // interactions handled at the same time; 0 is 2048

	// EndSessions has a stop end the sessions, so that Discord forgets at once in which
	// voice channels the bot was; without it they can be resumed for a few minutes, by
	// whoever knows them, and the bot stays in the channels it has not left.
	EndSessions bool

	// OnInteraction answers an interaction, on a goroutine of its own; ctx ends when
	// the gateway stops.
	OnInteraction func(ctx context.Context, i *discordgo.InteractionCreate)
	// OnVoiceState hears of everybody's voice states, OnVoiceServer of the servers
	// given to us. Both are called in the order of the events of one shard, and for
	// what a new session has lost once Discord serves the guild again.
	OnVoiceState  func(VoiceState)
	OnVoiceServer func(VoiceServer)
	// OnChange hears that of a guild something else is true than before: who is in voice
	// and whether they hear, its channels, permissions or language.
	OnChange func(guild snowflake.ID)
	// OnGuild hears of every guild the bot is in, when a session begins and later, and of
	// those it was removed from. It must not wait.
	OnGuild func(guild snowflake.ID, in bool)
	// OnMessage hears of every message people and bots post where we see it; nil = of
	// none, and Discord is not asked for them.
	OnMessage func(Message)

	// Cluster is what the processes of the bot agree on; nil = this process is alone.
	Cluster  *cluster.Cluster
	Process  string        // this member's id, of no other process: see cluster.NewID; "" = a random one
	Role     string        // RoleAll (or "") or RoleGateway; others run no shards
	Version  string        // of Busker, told to the other members
	LeaseTTL time.Duration // how long a dead process keeps its shards; 0 = 3 s
	// Facts are what the other members are told of this one: guilds that play, players,
	// and the load, 0 to 1 of what its cores can do.
	Facts func() (playing, players int, load float64)
	// OnOwn hears of a shard that is up here and whose guilds are known: their players
	// are to return; those that live here already go on, under the new token. It may take
	// its time; of one shard OnOwn and OnLost are never called at the same time.
	OnOwn func(Owned)
	// OnHandOver is called before guilds go to another process: their players hand over.
	// It returns when that is durable. After an error the guilds stay, and OnOwn has
	// their players Returned.
	OnHandOver func(ctx context.Context, serves func(guild snowflake.ID) bool) error
	// OnLost hears of guilds that are another's: their players are to be released without
	// a word to Discord. After a hand-over it is called when the other process has had
	// time to join.
	OnLost func(serves func(guild snowflake.ID) bool, why error)

	Logger  *slog.Logger // nil discards
	Metrics *Metrics     // nil counts for nobody
}

// VoiceState is a VOICE_STATE_UPDATE: somebody is in Channel, or in none when it is 0.
type VoiceState struct {
	Guild, Channel, User snowflake.ID
	SessionID            string // of the user's gateway session; needed for our own voice connection
	Self                 bool   // it is the bot's own state
	// Lost means that the bot is in no channel because Discord began a new session
	// with it, or had no use of the guild for a while: nobody put it out, and
	// SendVoiceState brings it back. Told again for every further session until it
	// is in a channel, or SendVoiceState has asked to be in none.
	Lost bool
	// Stands means that the session before has not ended so far, nor what depends on it: it
	// does once SendVoiceState has brought the bot back by the new one.
	Stands bool
}

// Message is a MESSAGE_CREATE. What it says is not known to a bot without privileges.
type Message struct{ Guild, Channel, ID snowflake.ID }

// VoiceServer is a VOICE_SERVER_UPDATE. An empty Endpoint means the server went
// away and another will be named later.
type VoiceServer struct {
	Guild           snowflake.ID
	Token, Endpoint string
}

// Gateway is the connection to Discord. Its methods may be called from anywhere
// and at any time; before the shards are ready they know little.
type Gateway struct {
	opts    Options
	log     *slog.Logger
	metrics *Metrics
	rest    *discordgo.Session
	cache   *cache
	threads threads

	interactions chan *discordgo.InteractionCreate

	self, application atomic.Uint64

	fleet   *Fleet
	alone   bool // there is no cluster of several processes
	planned atomic.Pointer[plan]
	turn    sync.RWMutex // held for writing while guilds go over to another set of shards
	twice   twice
}

// New checks opts and prepares a gateway; Run connects it.
func New(opts Options) (*Gateway, error) {
	if opts.Token == "" {
		return nil, fault.New(fault.Invalid, "No Discord token is configured.")
	}
	if opts.Shards < 0 {
		return nil, fault.New(fault.Invalid, "The number of shards must not be negative.")
	}
	opts.setDefaults()
	rest, err := newREST(opts)
	if err != nil {
		return nil, fmt.Errorf("make rest client: %w", err)
	}
	g := &Gateway{
		opts: opts, log: opts.Logger, metrics: opts.Metrics, rest: rest, cache: newCache(), alone: opts.Cluster == nil,
		interactions: make(chan *discordgo.InteractionCreate, opts.InteractionBuffer),
	}
	if g.alone {
		g.opts.Cluster = cluster.Local()
	}
	g.fleet, err = NewFleet(FleetOptions{
		Cluster: g.opts.Cluster, Process: opts.Process, Role: opts.Role, Version: opts.Version, TTL: opts.LeaseTTL,
		Alone: g.alone, Shards: opts.Shards, Recommend: g.recommend, Runner: g.newShard,
		Facts: opts.Facts, Guilds: func() int { return g.fleet.served(g.Guilds()) },
		OnOwn: opts.OnOwn, OnHandOver: opts.OnHandOver, OnLost: g.onLost, Logger: opts.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("make fleet: %w", err)
	}
	return g, nil
}

func (o *Options) setDefaults() {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.IdentifyEvery, 5*time.Second + 250*time.Millisecond},
		{&o.ResumeWait, 5 * time.Second},
		{&o.OpenTimeout, 30 * time.Second},
		{&o.ReconnectWait, 500 * time.Millisecond},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.InteractionBuffer <= 0 {
		o.InteractionBuffer = 256 // a busy minute of one process
	}
	if o.Interactions <= 0 {
		// Most of them were answered and now wait for a slow web server. One that finds
		// no worker misses Discord's 3 s, so this is a last resort: OnInteraction bounds
		// what costs more than a goroutine.
		o.Interactions = 2048
	}
}

// Run connects the shards that are this process's and keeps them connected until ctx
// ends, which returns nil, or until Discord refuses the bot for good. It runs once.
func (g *Gateway) Run(ctx context.Context) error {
	plan, err := g.plan(ctx)
	if err != nil {
		return stopped(ctx, err)
	}
	g.planned.Store(&plan)
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return g.handOff(running) })
	group.Go(func() error { return g.fleet.Run(running) })
	return stopped(ctx, group.Wait())
}

// onLost has the players of guilds released that are another's, and forgets the guilds.
func (g *Gateway) onLost(serves func(snowflake.ID) bool, why error) {
	if g.opts.OnLost != nil {
		g.opts.OnLost(serves, why)
	}
	g.cache.drop(serves)
}

// stopped turns the errors of a stop that was asked for into none.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// handOff gives interactions to workers, so that the read loops never wait for one.
func (g *Gateway) handOff(ctx context.Context) error {
	var workers errgroup.Group
	workers.SetLimit(g.opts.Interactions)
	defer workers.Wait() //nolint:errcheck // workers return none
	for {
		select {
		case <-ctx.Done():
			return nil
		case i := <-g.interactions:
			workers.Go(func() error {
				g.interact(ctx, i)
				return nil
			})
		}
	}
}

func (g *Gateway) interact(ctx context.Context, i *discordgo.InteractionCreate) {
	defer g.recover("interaction")
	g.opts.OnInteraction(ctx, i)
}

// recover keeps a panic in somebody's event function from taking the shard along.
// It must be deferred directly.
func (g *Gateway) recover(event string) {
	if p := recover(); p != nil {
		g.metrics.conn.Panicked()
		g.log.Error("event function panicked", "event", event, "panic", p, "stack", stack())
	}
}

// stack is the trace of a panic, short enough for a log line.
func stack() string {
	const most = 4 << 10
	s := debug.Stack()
	return string(s[:min(len(s), most)])
}

// Ready is closed once every shard of the bot is some process's, and each of ours has
// been ready.
func (g *Gateway) Ready() <-chan struct{} { return g.fleet.Ready() }

// WaitReady waits for Ready.
func (g *Gateway) WaitReady(ctx context.Context) error {
	select {
	case <-g.Ready():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for shards: %w", ctx.Err())
	}
}

// Token returns the fencing token under which this process serves guild, 0 when it
// does not. Past its trust window it is not trusted, and Validate asks.
func (g *Gateway) Token(guild snowflake.ID) (token uint64, trusted bool) { return g.fleet.Token(guild) }

// Validate returns nil when guild is this process's: for certain, or as the cluster says.
// It returns cluster.ErrLost when it is another's, and cluster.ErrUnreachable when
// nobody knows.
func (g *Gateway) Validate(ctx context.Context, guild snowflake.ID) error {
	return g.fleet.Validate(ctx, guild)
}

// ShardOf returns the shard of guild and how many there are, 0 before that is known.
func (g *Gateway) ShardOf(guild snowflake.ID) (shard, shards int) { return g.fleet.ShardOf(guild) }

// Drain gives all shards to other processes: see Fleet.Drain.
func (g *Gateway) Drain(ctx context.Context) error { return g.fleet.Drain(ctx) }

// Process returns the id by which the other processes know this one.
func (g *Gateway) Process() string { return g.fleet.Process() }

// meet takes who the bot is from a process before.
func (g *Gateway) meet(self, application snowflake.ID) {
	g.self.CompareAndSwap(0, uint64(self))
	g.application.CompareAndSwap(0, uint64(application))
}

// REST returns the client for Discord's REST API. It has no websocket and no
// state; use it for its HTTP methods only.
func (g *Gateway) REST() *discordgo.Session { return g.rest }

// UserID returns the bot's own user, 0 before the first READY.
func (g *Gateway) UserID() snowflake.ID { return snowflake.ID(g.self.Load()) }

// ApplicationID returns the bot's application, 0 before the first READY.
func (g *Gateway) ApplicationID() snowflake.ID { return snowflake.ID(g.application.Load()) }

// voiceWish is what op 4, Voice State Update, says.
type voiceWish struct {
	Guild   snowflake.ID `json:"guild_id"`
	Channel snowflake.ID `json:"channel_id"` // 0 is null: leave
	Mute    bool         `json:"self_mute"`
	Deaf    bool         `json:"self_deaf"`
}

// SendVoiceState asks Discord to put the bot into channel, or with channel 0 out of
// voice in guild. It waits for the guild's shard and its command budget, and fails
// at once when ctx would end before its turn; Discord's answer comes as events.
func (g *Gateway) SendVoiceState(ctx context.Context, guild, channel snowflake.ID, mute, deaf bool) error {
	for {
		s, err := g.shardOf(ctx, guild)
		if err == nil {
			err = s.send(ctx, conn.OpVoiceState, voiceWish{guild, channel, mute, deaf})
		}
		switch {
		case errors.Is(err, errOtherSet):
		case err != nil:
			return fmt.Errorf("send voice state: %w", err)
		default:
			return nil
		}
	}
}

// Online reports whether Discord serves guild at this moment: its shard is connected
// here and the guild is not in an outage. While it is false no event of the guild comes.
func (g *Gateway) Online(guild snowflake.ID) bool {
	h := g.fleet.Of(guild)
	if h == nil || !g.cache.isHere(guild) {
		return false
	}
	s, ok := h.Runner().(*shard)
	return ok && s.online()
}

// shardPoll is how often one who waits for a shard looks whether it is ours.
const shardPoll = 20 * time.Millisecond

// shardOf returns the shard of guild, and waits for it while it may yet be ours.
func (g *Gateway) shardOf(ctx context.Context, guild snowflake.ID) (*shard, error) {
	for {
		if h := g.fleet.Of(guild); h != nil {
			if s, ok := h.Runner().(*shard); ok {
				return s, nil
			}
		}
		if g.fleet.elsewhere(guild) {
			return nil, cluster.ErrLost
		}
		if err := pause(ctx, shardPoll); err != nil {
			return nil, err
		}
	}
}
