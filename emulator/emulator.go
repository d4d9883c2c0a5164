// Package emulator is a local Discord: REST, the main gateway, voice servers, and
// people who type commands, press buttons and listen in voice channels.
//
// New makes one, Run serves it; Start does both inside a test. Then make bots,
// guilds, channels and people, point the bot's client at URL (REST and gateway,
// plain) or TLSURL, and trust TLSRoots for the voice servers. Everything here may
// be called from any goroutine, before and while Run runs. Waiting functions
// return as soon as what they wait for happens, or with their context's error.
package emulator

import (
	"context"
	"crypto/x509"

	"busker/emulator/discord"
	"busker/internal/snowflake"
)

// ID is Discord's snowflake.
type ID = snowflake.ID

// Emulator is one local Discord.
type Emulator struct{}

// Options of an emulator. The zero value behaves like Discord on free local ports.
type Options struct {
	Addr string // address of REST, gateway and files; default "127.0.0.1:0"
}

// New binds the ports, so that URL is valid at once; Run must be called to serve
// and later release them.
func New(opts Options) (*Emulator, error) { panic("not built yet") }

// Run serves until ctx ends, then closes every connection and waits for all it
// started. A clean end is nil.
func (e *Emulator) Run(ctx context.Context) error { panic("not built yet") }

// URL is the base of REST, gateway and files: "http://127.0.0.1:port". The API is
// at URL()+"/api" (also /api/v9 and /api/v10); GET gateway names the gateway.
func (e *Emulator) URL() string { panic("not built yet") }

// TLSURL is the same over TLS: "https://127.0.0.1:port".
func (e *Emulator) TLSURL() string { panic("not built yet") }

// TLSRoots trusts the emulator's certificate authority, which also signed the
// voice servers' certificate.
func (e *Emulator) TLSRoots() *x509.CertPool { panic("not built yet") }

// CAFile is the authority's certificate as a PEM file (NODE_EXTRA_CA_CERTS). It
// is removed when Run ends.
func (e *Emulator) CAFile() string { panic("not built yet") }

// Watch returns everything that happens from now on, in order.
func (e *Emulator) Watch() *Watcher { panic("not built yet") }

// Watcher is a subscription to the emulator's world. It never loses anything and
// never slows the world down: what is not read is kept. Close it.
type Watcher struct{}

// Next waits for the next change. Its error is ctx's, or io.EOF after Close.
func (w *Watcher) Next(ctx context.Context) (Change, error) { panic("not built yet") }

// Close ends the subscription.
func (w *Watcher) Close() { panic("not built yet") }

// Change is something that happened: MessageCreated, MessageEdited,
// MessageDeleted, VoiceMoved, CommandsChanged, InteractionMade,
// InteractionAcknowledged and others of package world, as values.
type Change interface{ change() }

// TB is what Start needs of a testing.TB.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Start runs an emulator for the length of a test; the test fails when Run does,
// or when a voice server saw a client break the protocol.
func Start(t TB, opts ...Options) *Emulator { panic("not built yet") }

// Bot is an application with its bot user.
type Bot struct {
	Token         string // "Bot "-less
	UserID        ID
	ApplicationID ID
}

// AddBot makes an application with a bot, in no guild yet.
func (e *Emulator) AddBot(name string) *Bot { panic("not built yet") }

// Commands are the bot's commands a guild offers: its own and the global ones,
// by name.
func (b *Bot) Commands(guild *Guild) []discord.Command { panic("not built yet") }

// WaitCommands waits until the bot has registered at least n commands for guild.
func (b *Bot) WaitCommands(ctx context.Context, guild *Guild, n int) error { panic("not built yet") }

// WaitReady waits until the bot has a gateway session that was told READY.
func (b *Bot) WaitReady(ctx context.Context) error { panic("not built yet") }

// VoiceChannel is the id of the voice channel the bot is in, 0 for none.
func (b *Bot) VoiceChannel(guild *Guild) ID { panic("not built yet") }

// WaitVoice waits until the bot is in the channel; nil waits until it is in none.
func (b *Bot) WaitVoice(ctx context.Context, guild *Guild, in *Channel) error {
	panic("not built yet")
}

// Guild is a server.
type Guild struct {
	ID   ID
	Name string
}

// AddGuild makes a guild with the bots as members and an owner nobody plays.
func (e *Emulator) AddGuild(name string, bots ...*Bot) *Guild { panic("not built yet") }

// Channel is a text, voice or stage channel. Every kind takes messages.
type Channel struct {
	ID    ID
	Guild *Guild
	Name  string
}

// AddTextChannel makes a text channel.
func (g *Guild) AddTextChannel(name string, opts ...ChannelOptions) *Channel { panic("not built yet") }

// AddVoiceChannel makes a voice channel.
func (g *Guild) AddVoiceChannel(name string, opts ...ChannelOptions) *Channel { panic("not built yet") }

// ChannelOptions of a new channel. The zero value lets everybody do everything.
type ChannelOptions struct {
	Stage     bool                // a stage instead of a voice channel
	UserLimit int                 // people the voice channel holds; 0: no limit
	Bitrate   int                 // bits per second; default 64000
	Deny      discord.Permissions // what @everyone, and so the bot, may not do here
}

// Messages are the channel's public messages, oldest first.
func (c *Channel) Messages() []discord.Message { panic("not built yet") }

// WaitMessage waits until a public message of the channel, old or new, satisfies
// match (nil: any message) and returns it as it was then.
func (c *Channel) WaitMessage(ctx context.Context, match func(discord.Message) bool) (discord.Message, error) {
	panic("not built yet")
}

// User is a person in one guild.
type User struct {
	ID    ID
	Guild *Guild
	Name  string
}

// AddUser makes a person who is a member of the guild.
func (g *Guild) AddUser(name string) *User { panic("not built yet") }

// Listener hears what a person in a voice channel hears. (Stands for listen.Listener.)
type Listener struct{}

// JoinVoice puts the person in the voice channel, or moves them there; what is
// said there reaches the listener. It fails when Discord would not let them in.
func (u *User) JoinVoice(c *Channel) (*Listener, error) { panic("not built yet") }

// LeaveVoice takes the person out of voice.
func (u *User) LeaveVoice() { panic("not built yet") }

// Messages are the messages of the channel this person sees, oldest first: the
// public ones and the ephemeral ones meant for them.
func (u *User) Messages(c *Channel) []discord.Message { panic("not built yet") }

// WaitMessage is Channel.WaitMessage over the messages this person sees.
func (u *User) WaitMessage(ctx context.Context, c *Channel, match func(discord.Message) bool) (discord.Message, error) {
	panic("not built yet")
}

// Say posts a message as this person.
func (u *User) Say(c *Channel, content string) (discord.Message, error) { panic("not built yet") }

// Args are a command's options by name. Values: string, int, float64, bool,
// *User, *Bot, *Channel, discord.Role or Upload.
type Args map[string]any

// Upload is a file given as an attachment option.
type Upload struct {
	Name string
	Data []byte
	Type string // MIME type; default by the name
}

// Command types a slash command ("play", or "queue show" for a sub-command), as
// Discord's client would: it is refused when no bot here has registered it, when
// the person may not use it, or when args do not fit its registered options.
// It returns once the interaction is made; its answer is awaited with the handle.
func (u *User) Command(ctx context.Context, c *Channel, name string, args Args) (*Interaction, error) {
	panic("not built yet")
}

// Autocomplete asks for suggestions while the person is typing value into the
// option focused; args are the options already filled in.
func (u *User) Autocomplete(ctx context.Context, c *Channel, name string, args Args, focused, value string) ([]discord.Choice, error) {
	panic("not built yet")
}

// Press presses the button customID of the message; for a select menu values are
// what is chosen. It is refused when the message as it is now has no such
// component, or it is disabled, or the person does not see the message.
func (u *User) Press(ctx context.Context, m discord.Message, customID string, values ...string) (*Interaction, error) {
	panic("not built yet")
}

// Submit fills in the modal an interaction opened; values are by custom id.
func (u *User) Submit(ctx context.Context, modal Modal, values map[string]string) (*Interaction, error) {
	panic("not built yet")
}

// Modal is a form on a person's screen.
type Modal struct {
	discord.Modal
}

// Interaction is a handle on something a person did and what came of it.
type Interaction struct {
	ID ID
}

// Acknowledged waits for the application's first answer and returns its type. It
// fails when none comes in time (three seconds): "The application did not respond".
func (i *Interaction) Acknowledged(ctx context.Context) (discord.CallbackType, error) {
	panic("not built yet")
}

// Response waits until the original response is there and no longer "thinking",
// and returns it as it is then: the reply to a command, or for a button the
// message it belongs to. It fails like Acknowledged.
func (i *Interaction) Response(ctx context.Context) (discord.Message, error) { panic("not built yet") }

// WaitResponse waits until the original response satisfies match.
func (i *Interaction) WaitResponse(ctx context.Context, match func(discord.Message) bool) (discord.Message, error) {
	panic("not built yet")
}

// Followup waits until there are more than n follow-up messages and returns the nth.
func (i *Interaction) Followup(ctx context.Context, n int) (discord.Message, error) {
	panic("not built yet")
}

// Modal waits for the form the application opens in answer.
func (i *Interaction) Modal(ctx context.Context) (Modal, error) { panic("not built yet") }
