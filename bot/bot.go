// Package bot is the face people see in Discord: slash commands, buttons, the
// now-playing card and everything it says.
//
// It turns interactions into player commands and their outcome into replies. It
// plays, resolves and connects nothing itself, and keeps no state but which cards
// it has posted and which interactions it has answered. HandleInteraction may be
// called from many goroutines; those that look after cards, listeners and the status of
// voice channels belong to Run.
package bot

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"golang.org/x/time/rate"

	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
	"busker/settings"
	"busker/track"
)

// Doer carries out commands and tells how players are. *player.Manager is one.
type Doer interface {
	player.Doer
	// Status returns how the guild's player is now, false when it has none. It
	// never waits.
	Status(guild player.GuildID) (player.Status, bool)
}

// Resolver finds what people ask for.
type Resolver interface {
	Resolve(ctx context.Context, q track.Query) (track.Result, error)
}

// Voice knows who is in which voice channel. *gateway.Gateway is one.
type Voice interface {
	VoiceChannelOf(guild, user snowflake.ID) (channel snowflake.ID, ok bool)
	VoiceAccess(channel snowflake.ID) gateway.Access
	ChannelInfo(channel snowflake.ID) (gateway.Channel, bool)
	// ThreadParent is the channel of a thread that an interaction just came from, 0 for what
	// is no thread.
	ThreadParent(channel snowflake.ID) snowflake.ID
	// Locale is the guild's language as Discord names it, "" when it is not known.
	Locale(guild snowflake.ID) string
	// AskStatus has ChannelInfo know the Status of the guild's channels soon.
	AskStatus(ctx context.Context, guild snowflake.ID) error
}

// Claims decides who answers an interaction, so that two processes that both see
// it do not answer twice.
type Claims interface {
	// Claim reports whether the caller is the first to claim the interaction. An error
	// means that nobody can say so: then Discord decides, which takes one first answer.
	Claim(ctx context.Context, interaction snowflake.ID) (bool, error)
}

// Options are what a Bot works with. REST, Doer, Resolver, Voice and Privacy are needed.
type Options struct {
	REST     *discordgo.Session
	Doer     Doer
	Resolver Resolver
	Voice    Voice
	Privacy  Privacy

	// Events are what happens to the players, for the cards; nil means no cards.
	// The channel's owner closes it.
	Events <-chan player.Envelope

	// Illustrator finds pictures of tracks that have none with them; nil: they are shown without.
	Illustrator Illustrator

	Library   Library         // nil: nothing is offered while people type, nothing can be searched
	Playlists playlists.Store // with favourites and history; nil keeps them as long as the process lives
	Files     Files           // fetches playlists to import; nil: they can only be pasted
	Facts     Facts           // for /stats; nil: the bot tells nothing of itself
	Records   Records         // nil: nothing is kept of people but Playlists and Settings

	// KeepHistory and KeepAudit are for how long plays and the audit trail are kept, as
	// people are told; 0 = without an end.
	KeepHistory, KeepAudit time.Duration

	// Plays are what happens to the players, for the history; nil means none is written.
	// The channel's owner closes it.
	Plays <-chan player.Envelope

	Audit    Audit          // who did what; nil keeps nothing
	Claims   Claims         // among all processes of the bot, as ClusterClaims; nil: there is only this one
	Settings settings.Store // of servers and people; nil keeps them as long as the process lives
	Cards    CardStore      // where cards are; nil keeps it as long as the process lives
	// Owns reports whether a guild is this process's now, nil for yes: it is asked before
	// everything the bot does in a guild by itself. cluster.ErrLost is no, and ends what is
	// done there; any other error means that nobody can say so, and nothing is done for now.
	// Who still holds the guild's connection with Discord should get nil then. It may wait
	// for as long as its context lets it. nil: all guilds are.
	Owns func(ctx context.Context, guild snowflake.ID) error
	// Turn waits for a turn of those all processes of the bot share, for a request that is no
	// answer to an interaction; nil: there is only this one. Discord counts requests by bot.
	Turn func(ctx context.Context) error
	// Survives says that what plays goes on after a restart: cards wait for it then.
	Survives bool

	Lookups        int           // searches for what /play asks for at the same time; 0 is 64
	ResolveTimeout time.Duration // for one of them, waiting for its turn included; 0 is 30 s
	CardEvery      time.Duration // least time between two updates of a card; 0 is 1.5 s
	CardProgress   time.Duration // time between updates of its progress bar; 0 is 15 s
	CardMoves      time.Duration // least time between two moves of a card after the chat; 0 is 15 s
	CardReturn     time.Duration // how long a card waits after a start for its guild to return; 0 is 10 min
	CardAge        time.Duration // after which a card is posted anew: Discord takes few edits of messages an hour old; 0 is 50 min
	StatusEvery    time.Duration // least time between two changes of a voice channel's status; 0 is 10 s
	AutoLeave      time.Duration // in a channel where nobody listens; 0 is 5 min, negative for ever
	StopTimeout    time.Duration // for marking the cards as over when Run's ctx ends; 0 is 1.7 s

	Logger  *slog.Logger // nil discards
	Metrics *Metrics     // nil counts for nobody
}

// Bot answers interactions and keeps the cards.
type Bot struct {
	opts      Options
	log       *slog.Logger
	metrics   *Metrics
	places    places
	turns     turns         // of the calls of a guild that look before they change something
	lookups   chan struct{} // one token for each search under way
	codes     chan struct{} // one token for each call whose privacy codes are computed
	writes    *rate.Limiter // of all cards' requests
	steps     *rate.Limiter // of all cards' progress bars
	serials   serials       // of the cards in use
	cards     cardSet
	signs     signs         // what voice channels' statuses say
	notices   *rate.Limiter // of all voice channels' statuses
	stirred   stirs         // guilds of which the gateway knows something new
	handed    handovers     // guilds that came and went
	answered  *localClaims  // by this process
	unmarked  atomic.Int64  // cards that the end of the process left with their buttons
	votes     votes
	loads     loads
	imports   chan struct{} // one token for each playlist being imported
	importers people        // who imports one
	drafts    drafts        // of tracks that were found and not yet used

	settings *settings.Cache
	commands map[string]*command
	presses  map[string]handler
	submits  map[string]handler
	asks     chan snowflake.ID // guilds that want a fresh card
}

// New checks opts.
func New(opts Options) (*Bot, error) {
	if opts.REST == nil || opts.Doer == nil || opts.Resolver == nil || opts.Voice == nil || opts.Privacy == nil {
		return nil, fault.New(fault.Invalid, "The bot needs a REST client, players, sources, voice states and privacy codes.")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Metrics == nil {
		opts.Metrics = NewMetrics(nil)
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&opts.ResolveTimeout, 30 * time.Second},
		{&opts.CardEvery, 1500 * time.Millisecond}, // Discord allows about 5 edits in 5 s per channel
		{&opts.CardProgress, 15 * time.Second},
		{&opts.CardMoves, 15 * time.Second},
		{&opts.CardReturn, 10 * time.Minute},
		{&opts.StatusEvery, 10 * time.Second},
		{&opts.CardAge, 50 * time.Minute},
		{&opts.StopTimeout, 1700 * time.Millisecond}, // of 2 s in the order of stopping
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if opts.Lookups <= 0 {
		opts.Lookups = 64
	}
	if opts.AutoLeave == 0 {
		opts.AutoLeave = player.DefaultIdleTimeout
	}
	if opts.Cards == nil {
		opts.Cards = &MemoryCards{}
	}
	if opts.Settings == nil {
		opts.Settings = &settings.Memory{}
	}
	if opts.Playlists == nil {
		opts.Playlists = playlists.NewMemory(playlists.Limits{})
	}
	if opts.Records == nil {
		opts.Records = onlyMusic{opts.Playlists}
	}
	return &Bot{
		settings: settings.NewCache(opts.Settings, opts.Logger),
		commands: byName(commands()), presses: presses(), submits: submits(),
		opts: opts, log: opts.Logger, metrics: opts.Metrics,
		lookups: make(chan struct{}, opts.Lookups),
		imports: make(chan struct{}, importsAtOnce),
		codes:   make(chan struct{}, codesAtOnce),
		writes:  rate.NewLimiter(WritesPerSecond, WritesAtOnce),
		steps:   rate.NewLimiter(stepsPerSecond, stepsPerSecond),
		notices: rate.NewLimiter(noticesPerSecond, noticesPerSecond),
		cards:   newCardSet(),
		signs:   signs{at: map[snowflake.ID]*sign{}},
		stirred: stirs{guilds: map[snowflake.ID]bool{}, wake: make(chan struct{}, 1)},
		handed:  handovers{wake: make(chan struct{}, 1)},
		asks:    make(chan snowflake.ID, askBuffer),

		answered: newLocalClaims(),
	}, nil
}

const (
	// WritesPerSecond and WritesAtOnce make 45 in any second. Discord allows a bot 50 in
	// all, on its own clock; it refuses what is beyond, and blocks for an hour who is
	// refused too often. Answers to interactions do not count.
	WritesPerSecond = 40
	// WritesAtOnce is how many of them may go out in one moment.
	WritesAtOnce = 5
	// stepsPerSecond bounds the edits that only move progress bars. With more cards than
	// that, bars move less often.
	stepsPerSecond = 20
	// noticesPerSecond bounds the changes of voice channels' statuses: they matter less.
	noticesPerSecond = 5
)

// askCard wants a fresh card for guild in the channel of its last command.
func (b *Bot) askCard(guild snowflake.ID) {
	if b.opts.Events == nil {
		return
	}
	select {
	case b.asks <- guild:
	default:
	}
}
