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
	Discord Discord `embed:"" prefix:"discord-" group:"discord"`
	Music   Music   `embed:"" prefix:"music-" group:"music"`
	Metrics Metrics `embed:"" prefix:"metrics-" group:"metrics"`
	Log     Log     `embed:"" prefix:"log-" group:"log"`
	Tuning  Tuning  `embed:""`
}

// Tuning is the part of the configuration that means the same against Discord and
// in the demo.
type Tuning struct {
	Web    Web    `embed:"" prefix:"web-" group:"web"`
	Player Player `embed:"" prefix:"player-" group:"player"`
	Voice  Voice  `embed:"" prefix:"voice-" group:"voice"`
	Opus   Opus   `embed:"" prefix:"opus-" group:"opus"`
}

// Discord is how to log in.
type Discord struct {
	Token  telemetry.Secret `env:"DISCORD_TOKEN,BUSKER_DISCORD_TOKEN" placeholder:"TOKEN" help:"The bot's token, from the Bot page of https://discord.com/developers/applications. Better in the environment than in a flag, where other users of the machine see it."`
	Shards int              `default:"0" placeholder:"N" help:"How many gateway connections to open; 0 takes the number Discord recommends."`
}

// Music is the folder of local files.
type Music struct {
	Dir string `type:"path" placeholder:"DIR" help:"Folder whose files /play finds by name. Without one, only links and uploads can be played."`
}

// Metrics is the listener for monitoring.
type Metrics struct {
	Listen string `placeholder:"ADDR" help:"Serve /metrics, /healthz and /readyz here, for example 127.0.0.1:9090. Empty serves nothing."`
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
}

// Opus is how audio is encoded.
type Opus struct {
	Backend    string `default:"" placeholder:"NAME" help:"Encoder: libopus or gopus (pure Go, slower). Empty takes the best one in this build."`
	MaxBitrate int    `default:"128000" placeholder:"BPS" help:"Highest bitrate in bits per second. The channel's own is used below it, but no less than 96000."`
	Complexity int    `default:"5" placeholder:"1-10" help:"How hard the encoder works: 10 sounds best and takes about twice the processor time of 5."`
}

// Log is what is logged, and how.
type Log struct {
	Level  string `default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Lowest level to log: debug, info, warn or error."`
	Format string `default:"text" enum:"text,json" placeholder:"FORMAT" help:"Form of log lines: text or json."`
}

// Groups are the sections in the order and with the titles people read.
func Groups() []kong.Group {
	return []kong.Group{
		{Key: "discord", Title: "Discord:"},
		{Key: "music", Title: "Local music:"},
		{Key: "web", Title: "Links:"},
		{Key: "player", Title: "Player:"},
		{Key: "voice", Title: "Voice:"},
		{Key: "opus", Title: "Encoder:"},
		{Key: "log", Title: "Log:"},
		{Key: "metrics", Title: "Monitoring:"},
	}
}
