// Package app wires the product together: sources, gateway, voice, players and bot,
// started bottom up and stopped top down.
//
// `busker run`, `busker demo` and the whole-path tests all run this one wiring; what
// tells them apart is only which Discord it is pointed at.
package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"busker/bot"
	"busker/cache"
	"busker/cache/loudness"
	"busker/cluster"
	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/layers"
	"busker/gateway"
	"busker/internal/snowflake"
	"busker/internal/telemetry"
	"busker/opus"
	"busker/opus/pool"
	"busker/player"
	"busker/player/remote"
	"busker/session"
	"busker/sources"
	"busker/store"
	"busker/studio"
	"busker/voice"
)

// Options say which Discord to serve, and how.
type Options struct {
	Token    string
	Shards   int    // 0 = as many as Discord recommends
	MusicDir string // "" = no local files
	// MoreMusic are further music folders; there is none without MusicDir.
	MoreMusic []string
	Tuning    config.Tuning
	Cache     config.Cache // MaxBytes 0 keeps nothing

	Version string // of the program, for /stats

	// Cluster is what this process agrees on with the others of the bot, nil = there are
	// none; RunCluster runs it for as long as anything here may need it. The caller closes it.
	Cluster    *cluster.Cluster
	RunCluster func(context.Context) error
	Process    string        // its id among them, of no other process: see cluster.NewID; "" = a random one
	Role       string        // "" = gateway.RoleAll
	LeaseTTL   time.Duration // 0 = 3 s
	// DrainTimeout is how long a stop may take to hand shards to others; 0 = 10 s.
	DrainTimeout time.Duration
	alone        bool // there is no Cluster

	// Store is where everything is kept that outlives the process. The caller closes it
	// once Run has ended; nil keeps nothing.
	Store *store.Store

	Discord   Discord              // the zero value is the real one
	Telemetry *telemetry.Telemetry // required; Run runs it
}

// Discord is where to find Discord, when it is not the real one.
type Discord struct {
	API     *url.URL    // base of REST and gateway; nil = discord.com
	Voice   *tls.Config // for voice servers; nil = the system's roots
	Uploads string      // prefix of links to uploaded files that may lead to a private address
	// IdentifyEvery is the pause between sessions; 0 = the five seconds Discord asks.
	IdentifyEvery time.Duration
}

// App is the whole product. Run it once.
type App struct {
	opts     Options
	cluster  *cluster.Cluster
	gateway  *gateway.Gateway
	tenant   *tenant
	doer     *remote.Doer
	server   *remote.Server
	hub      *voice.Hub
	pool     *pool.Pool
	cache    *cache.Cache     // nil = none
	loudness *loudness.Memory // nil: the players remember for this process only
	studio   *studio.Studio
	keeper   *session.Keeper // nil = there is no store
	players  *player.Manager
	bot      *bot.Bot
	sources  *sourceSet
	events   <-chan player.Envelope
	cancel   func()   // ends events
	audit    *audit   // nil without a store
	members  *members // likewise
	started  time.Time

	wanting sync.Mutex
	over    bool // the process wants no more work; guarded by wanting
}

// leaveTimeout is how long a player waits until Discord has taken its leave.
const leaveTimeout = 2 * time.Second

// cardEvents is how many player events may wait for the bot: a burst of every
// player of a large bot, after which cards lag and nothing else.
const cardEvents = 1024

// New connects the parts. It opens the music folder and nothing else.
func New(opts Options) (*App, error) {
	opts.fill()
	a := &App{opts: opts, cluster: opts.Cluster, started: time.Now()}
	a.tenant = newTenant(a)
	if opts.Store != nil {
		log := opts.Telemetry.Logger()
		a.audit, a.members = newAudit(opts.Store.Audit(), log), newMembers(opts.Store, log.Warn)
	}
	encoder, err := a.encoder(opus.DefaultBitrate) // a wrong setting shows now, and not at the first song
	if err != nil {
		return nil, fmt.Errorf("make an encoder: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("close the encoder: %w", err)
	}
	if a.sources, err = openSources(opts, busyness{a}); err != nil {
		return nil, err
	}
	if err := a.connect(); err != nil {
		a.sources.Close()
		return nil, err
	}
	return a, nil
}

func (o *Options) fill() {
	if o.alone = o.Cluster == nil; o.alone {
		o.Cluster = cluster.Local()
	}
	if o.Process == "" {
		o.Process = strings.ToLower(rand.Text()[:12])
	}
	o.DrainTimeout = cmp.Or(o.DrainTimeout, 10*time.Second)
}

// connect makes the parts, from Discord to the people in it; each knows those before it.
func (a *App) connect() error {
	for _, make := range []func() error{a.openGateway, a.openStudio, a.openMemory, a.openPlayers, a.openRemote, a.openBot} {
		if err := make(); err != nil {
			return err
		}
	}
	return nil
}

// part is the logger of one part.
func (a *App) part(name string) *slog.Logger { return a.opts.Telemetry.Logger().With("part", name) }

func (a *App) openGateway() (err error) {
	a.gateway, err = gateway.New(gateway.Options{
		Token:  gateway.Token(a.opts.Token),
		Shards: a.opts.Shards,
		// Without others nobody resumes them, and a stop has no time to leave hundreds of channels.
		EndSessions: a.opts.alone,
		Cluster:     a.cluster,
		Process:     a.opts.Process,
		Role:        a.opts.Role,
		Version:     a.opts.Version,
		LeaseTTL:    a.opts.LeaseTTL,
		Facts:       a.facts,
		OnOwn:       a.tenant.owned,
		OnHandOver: func(ctx context.Context, serves func(snowflake.ID) bool) error {
			return a.players.HandOver(ctx, serves)
		},
		OnLost:        a.tenant.lost,
		API:           a.opts.Discord.API,
		IdentifyEvery: a.opts.Discord.IdentifyEvery,
		OnInteraction: later(&a.bot, (*bot.Bot).HandleInteraction),
		OnVoiceState:  a.voiceState,
		OnGuild:       a.guildHeard,
		OnVoiceServer: a.voiceServer,
		OnChange:      a.guildChanged,
		OnMessage:     func(m gateway.Message) { a.bot.MessagePosted(m) },
		Logger:        a.part("gateway"),
		Metrics:       gateway.NewMetrics(a.opts.Telemetry.Registry()),
	})
	if err != nil {
		return err
	}
	a.hub = voice.NewHub(voice.HubOptions{
		Shard:     a.gateway,
		User:      a.gateway.UserID,
		Online:    a.gateway.Online,
		MayRejoin: a.gateway.Validate,
		TLS:       a.opts.Discord.Voice,
		OnEvent:   a.voiceEvent,
		Lookahead: a.opts.Tuning.Voice.Lookahead,
		Threads:   a.opts.Tuning.Voice.Threads,
		Logger:    a.part("voice"),
		Metrics:   voice.NewMetrics(a.opts.Telemetry.Registry()),
	})
	return nil
}

func (a *App) openPlayers() (err error) {
	a.players, err = player.NewManager(player.Options{
		Opener:      opener{a.studio},
		Bitrate:     a.bitrate,
		Pool:        a.pool,
		Connect:     func(guild player.GuildID) player.Output { return output{a.hub.Conn(guild)} },
		Encoder:     a.newEncoder,
		Loudness:    a.remembered(),
		Memory:      a.memory(),
		Shared:      !a.opts.alone,
		Reachable:   a.gateway.MayReturn,
		IdleTimeout: a.opts.Tuning.Player.IdleTimeout,
		Idle:        func(guild player.GuildID) time.Duration { return a.bot.AutoLeave(guild) },
		Lookahead:   a.opts.Tuning.Voice.Lookahead,
		// Shorter than the players' share of a stop: Discord takes only so many leaves
		// at once, and those of a stopping process need not be waited for.
		LeaveTimeout: leaveTimeout,
		Logger:       a.part("player"),
		Metrics:      player.NewMetrics(a.opts.Telemetry.Registry()),
		Audit:        a.recorder(),
	})
	return err
}

func (a *App) openBot() (err error) {
	a.events, a.cancel = a.players.Subscribe(cardEvents)
	plays, cancelPlays := a.players.Subscribe(cardEvents)
	cancelEvents := a.cancel
	a.cancel = func() {
		cancelEvents()
		cancelPlays()
	}
	o := bot.Options{
		REST:        a.gateway.REST(),
		Doer:        doer{a.doer, a.players},
		Owns:        a.owns,
		Turn:        a.turn(),
		Resolver:    a.sources,
		Voice:       a.gateway,
		Privacy:     calls{a.hub},
		AutoLeave:   a.opts.Tuning.Player.IdleTimeout,
		Events:      a.events,
		Logger:      a.part("bot"),
		Metrics:     bot.NewMetrics(a.opts.Telemetry.Registry()),
		Plays:       plays,
		Library:     a.sources,
		Illustrator: a.sources,
		Files:       a.sources.files,
		Facts:       a,
	}
	if !a.opts.alone { // with others, a press is acknowledged before it is carried out
		o.Claims = bot.ClusterClaims(a.cluster.Claims, a.opts.Process)
	}
	a.keep(&o)
	a.bot, err = bot.New(o)
	return err
}

// later calls a method of what r points to by then: the gateway wants the bot's
// handler before there is a bot, which wants the gateway's REST client.
func later[R, T any](r **R, method func(*R, context.Context, T)) func(context.Context, T) {
	return func(ctx context.Context, v T) { method(*r, ctx, v) }
}

// newEncoder makes an encoder as the guild's voice channel wants it. Discord does
// not hold bots to a channel's bitrate; below the default music suffers for nothing.
func (a *App) newEncoder(guild player.GuildID) (opus.Encoder, error) {
	return a.encoder(a.bitrate(guild))
}

// bitrate is what the guild's voice channel deserves, in bit/s.
func (a *App) bitrate(guild player.GuildID) int {
	bitrate := opus.DefaultBitrate
	if channel, ok := a.gateway.VoiceChannelOf(guild, a.gateway.UserID()); ok {
		info, _ := a.gateway.ChannelInfo(channel)
		bitrate = min(max(bitrate, info.Bitrate), maxBitrate)
	}
	if most := a.opts.Tuning.Opus.MaxBitrate; most > 0 {
		bitrate = min(bitrate, most)
	}
	return bitrate
}

// encoder makes an encoder as the operator wants it.
func (a *App) encoder(bitrate int) (opus.Encoder, error) {
	o := a.opts.Tuning.Opus
	return opus.NewEncoder(opus.EncoderOptions{Backend: o.Backend, Bitrate: bitrate, Complexity: o.Complexity})
}

// maxBitrate is where Opus is transparent for music, in bit/s; more is only traffic.
const maxBitrate = 128_000

// Sources finds and opens music, for tools in this process.
func (a *App) Sources() *sources.Set { return a.sources.Set }

// Players carries out commands, for tests and tools in this process.
func (a *App) Players() *player.Manager { return a.players }

// VoiceChannelOf returns the voice channel somebody is in, as far as the bot knows.
func (a *App) VoiceChannelOf(guild, user snowflake.ID) (snowflake.ID, bool) {
	return a.gateway.VoiceChannelOf(guild, user)
}

// UserID returns the bot's user, 0 before it is logged in.
func (a *App) UserID() snowflake.ID { return a.gateway.UserID() }

// Run serves until ctx ends, which returns nil, or until a part fails. It stops the
// parts in the order of the house: readiness, bot, players, what they keep, voice,
// gateway, telemetry; each has its share of StopWithin.
func (a *App) Run(ctx context.Context) error {
	defer a.sources.Close()
	defer a.cancel()
	tel := a.opts.Telemetry
	err := layers.Run(ctx, tel.Logger(),
		layers.Layer{Name: "telemetry", Run: tel.Run, Share: time.Second},
		layers.Layer{Name: "cluster", Run: a.runCluster, Share: time.Second},
		layers.Layer{Name: "store", Run: a.runStore, Share: time.Second},
		layers.Layer{Name: "gateway", Run: a.gateway.Run, Share: 2 * time.Second},
		layers.Layer{Name: "voice", Run: a.hub.Run, Share: 2 * time.Second},
		layers.Layer{Name: "pool", Run: a.pool.Run, Share: time.Second},
		layers.Layer{Name: "studio", Run: a.runStudio, Share: time.Second},
		layers.Layer{Name: "library", Run: a.runLibrary, Share: time.Second},
		layers.Layer{Name: "sessions", Run: a.runMemory, Share: 2 * time.Second},
		layers.Layer{Name: "players", Run: a.players.Run, Share: 3 * time.Second},
		layers.Layer{Name: "remote", Run: a.runRemote, Share: time.Second},
		layers.Layer{Name: "bot", Run: a.serve, Share: 2 * time.Second},
		layers.Layer{Name: "shards", Run: a.tenant.Run, Share: time.Second},
		layers.Layer{Name: "drain", Run: a.drain, Share: a.opts.DrainTimeout + time.Second},
	)
	if err != nil {
		return fmt.Errorf("stopped: %w", err)
	}
	return nil
}

// StopWithin is the sum of the parts' shares without that of the drain, which ends at
// once where there is nobody to hand shards to: no stop takes longer.
const StopWithin = 19 * time.Second

// serve answers people from the moment the shards are ready, and meanwhile sees to
// it that the commands are registered.
func (a *App) serve(ctx context.Context) error {
	if a.gateway.WaitReady(ctx) != nil {
		return nil //nolint:nilerr // asked to stop, or the gateway itself reports why it failed
	}
	ctx, cancel := context.WithCancel(ctx)
	var registering sync.WaitGroup
	registering.Go(func() {
		if a.register(ctx) {
			a.wantWork(true)
			a.opts.Telemetry.Logger().Info("ready")
		}
	})
	err := a.bot.Run(ctx)
	cancel()
	registering.Wait()
	a.wantWork(false)
	return err
}

// wantWork says whether the process wants work. Once it does not, it never does again.
func (a *App) wantWork(does bool) {
	a.wanting.Lock()
	defer a.wanting.Unlock()
	a.over = a.over || !does
	a.opts.Telemetry.SetReady(!a.over)
}

// registerAgain is the pause before the commands are registered once more.
const registerAgain = 5 * time.Second

// register registers the commands, as often as it takes: those of an earlier start
// work in the meantime. It reports whether they are registered, false at the end
// of ctx.
func (a *App) register(ctx context.Context) bool {
	for {
		err := a.bot.RegisterCommands(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			a.opts.Telemetry.Logger().Warn("the commands could not be registered", "err", err, "again in", registerAgain)
		}
		select {
		case <-time.After(registerAgain):
		case <-ctx.Done():
			return false
		}
	}
}
