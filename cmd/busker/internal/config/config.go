// Package config is everything an operator can set: one struct, read from flags,
// the environment and a YAML file, in that order of precedence.
//
// The struct's tags are the only list there is of settings: flags, environment
// names, the file's keys, the example file and `busker config print` all come from
// them. Packages below never see this one; the app copies values into their Options.
package config

import (
	"time"

	"github.com/alecthomas/kong"

	"busker/internal/telemetry"
)

// Config is what `busker run` obeys. A flag "--voice-lookahead" is the environment's
// BUSKER_VOICE_LOOKAHEAD and the file's "lookahead" under "voice".
type Config struct {
	Role    Role    `name:"role" group:"role" default:"all" enum:"all,gateway,api,worker,node" placeholder:"ROLE" help:"What this process does: all of it, or of a bot that runs in many processes the part gateway (shards, commands, players), api, worker (background jobs) or node. All but all and node need Redis and Postgres."`
	Discord Discord `embed:"" prefix:"discord-" group:"discord"`
	Music   Music   `embed:"" prefix:"music-" group:"music"`
	Metrics Metrics `embed:"" prefix:"metrics-" group:"metrics"`
	Log     Log     `embed:"" prefix:"log-" group:"log"`
	Cache   Cache   `embed:"" prefix:"cache-" group:"cache"`
	Store   Store   `embed:"" prefix:"store-" group:"store"`
	Redis   Redis   `embed:"" prefix:"redis-" group:"redis"`
	Cluster Cluster `embed:"" prefix:"cluster-" group:"cluster"`
	Tuning  Tuning  `embed:""`
}

// Tuning is the part of the configuration that means the same against Discord and
// in the demo.
type Tuning struct {
	Web     Web     `embed:"" prefix:"web-" group:"web"`
	Player  Player  `embed:"" prefix:"player-" group:"player"`
	Voice   Voice   `embed:"" prefix:"voice-" group:"voice"`
	Opus    Opus    `embed:"" prefix:"opus-" group:"opus"`
	Engine  Engine  `embed:"" prefix:"engine-" group:"engine"`
	Library Library `embed:"" prefix:"library-" group:"library"`
}

// Discord is how to log in.
type Discord struct {
	Token  telemetry.Secret `env:"DISCORD_TOKEN,BUSKER_DISCORD_TOKEN" placeholder:"TOKEN" help:"The bot's token, from the Bot page of https://discord.com/developers/applications. Better in the environment than in a flag, where other users of the machine see it."`
	Shards int              `default:"0" placeholder:"N" help:"How many gateway connections to open; 0 takes the number Discord recommends."`
	// The two below point the same binary at a local Discord, for load tests.
	API string `hidden:"" placeholder:"URL" help:"Base address of another Discord than the real one."`
	CA  string `hidden:"" type:"path" placeholder:"FILE" help:"PEM file of the authority its voice servers are certified by."`
}

// Music is the folder of local files.
type Music struct {
	Dir Folders `placeholder:"DIR" help:"Folder whose files /play finds by name; several are separated by commas or colons, or the flag is repeated. Without one, only links and uploads can be played."`
}

// Library is how the music folders are indexed.
type Library struct {
	Workers int           `default:"1" placeholder:"N" help:"How many files are asked at the same time what they are, in the background. More is quicker on several disks only."`
	Rescan  time.Duration `default:"0s" placeholder:"TIME" help:"How often all folders are read again in search of changes nobody reported; 0 takes 1h, or 5m where folders cannot be watched."`
	NoWatch bool          `help:"Do not watch the folders for changes: for network file systems, which report none."`
	Measure bool          `help:"Measure the loudness of files that do not tell it while the machine is idle, about a second of a core each. Without it, that is done while they are played for the first time."`
}

// Metrics is the listener for monitoring.
type Metrics struct {
	Listen string `placeholder:"ADDR" help:"Serve /metrics, /healthz and /readyz here, for example 127.0.0.1:9090. Empty serves nothing."`
}

// Cache is where encoded tracks are kept.
type Cache struct {
	Dir      string `type:"path" placeholder:"DIR" help:"Folder for encoded tracks, which need no encoding when they are played again. Empty takes the user's cache folder."`
	MaxBytes int64  `default:"1073741824" placeholder:"N" help:"How much of it may be used, in bytes; what was not played for longest goes first. 0 keeps nothing."`
}

// Store is where queues, settings, playlists and history are kept.
type Store struct {
	URL          telemetry.Secret `env:"BUSKER_STORE_URL,DATABASE_URL" placeholder:"URL" help:"Where queues, settings, playlists and history are kept: a file, or postgres://USER:PASSWORD@HOST/DATABASE. Empty takes busker/busker.db in the user's data folder."`
	HistoryDays  int              `default:"365" placeholder:"N" help:"Forget what was played after this many days; 0 never does."`
	AuditDays    int              `default:"90" placeholder:"N" help:"Forget who did what after this many days; 0 never does."`
	DepartedDays int              `default:"30" placeholder:"N" help:"Erase all of a server this many days after the bot was removed from it; 0 never does."`
}

// Web is what links may do.
type Web struct {
	AllowPrivate bool          `help:"Let links reach loopback and private networks. Whoever may use /play can then reach them through the bot."`
	MaxBytes     int64         `default:"536870912" placeholder:"N" help:"Largest file a link may lead to, in bytes. Live streams are not bounded by it."`
	MaxRedirects int           `default:"5" placeholder:"N" help:"How many redirects a link may take."`
	Timeout      time.Duration `default:"10s" placeholder:"TIME" help:"How long a server may take to connect and to answer."`
}

// Player is how guilds' players behave.
type Player struct {
	IdleTimeout time.Duration `default:"5m" placeholder:"TIME" help:"Leave the voice channel after this long with nothing to play."`
}

// Voice is how packets are sent.
type Voice struct {
	Lookahead time.Duration `default:"200ms" placeholder:"TIME" help:"Audio encoded ahead of being sent: more rides out a busy machine, less makes a skip quicker."`
	Threads   int           `default:"0" placeholder:"N" help:"Threads that send packets, each good for about 1500 streams; 0 takes one per processor core, and at most 4."`
}

// Opus is how audio is encoded.
type Opus struct {
	Backend    string `default:"" placeholder:"NAME" help:"Encoder: libopus or gopus (pure Go, slower). Empty takes the best one in this build."`
	MaxBitrate int    `default:"128000" placeholder:"BPS" help:"Highest bitrate in bits per second. The channel's own is used below it, but no less than 96000."`
	Complexity int    `default:"0" placeholder:"0-10" help:"How hard the encoder works: 10 sounds best and takes about twice the processor time of 5. 0 goes by the load: 5, 8 on an idle machine, 4 and then less on a full one."`
}

// Engine is how streams share the machine.
type Engine struct {
	Cores int     `default:"0" placeholder:"N" help:"How many processor cores decode, filter and encode; 0 takes all."`
	Limit float64 `default:"0.85" placeholder:"0-1" help:"Share of these cores that is promised to streams: beyond it, new ones are refused rather than all disturbed."`
}

// Log is what is logged, and how.
type Log struct {
	Level  string `default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Lowest level to log: debug, info, warn or error."`
	Format string `default:"text" enum:"text,json" placeholder:"FORMAT" help:"Form of log lines: text or json."`
}

// Groups are the sections in the order and with the titles people read.
func Groups() []kong.Group {
	return []kong.Group{
		{Key: "role", Title: "Role:"},
		{Key: "discord", Title: "Discord:"},
		{Key: "music", Title: "Local music:"},
		{Key: "library", Title: "Index of local music:"},
		{Key: "web", Title: "Links:"},
		{Key: "player", Title: "Player:"},
		{Key: "voice", Title: "Voice:"},
		{Key: "opus", Title: "Encoder:"},
		{Key: "engine", Title: "Engine:"},
		{Key: "cache", Title: "Cache of encoded tracks:"},
		{Key: "store", Title: "Store of queues, settings, playlists and history:"},
		{Key: "redis", Title: "Redis, for a bot that runs in many processes:"},
		{Key: "cluster", Title: "This process among many:"},
		{Key: "log", Title: "Log:"},
		{Key: "metrics", Title: "Monitoring:"},
	}
}
