package emulator

import (
	"busker/emulator/discord"
	"busker/emulator/world"
)

// Bot is an application with its bot user. Both have the same id.
type Bot struct {
	ID    ID
	Name  string
	Token string // without "Bot "
	e     *Emulator
	app   world.App
}

// AddBot makes an application with a bot that is in no guild yet and has no
// privileged intents.
func (e *Emulator) AddBot(name string) *Bot { return e.addBot(name, false) }

// AddPrivilegedBot makes a bot that may ask for the privileged intents.
func (e *Emulator) AddPrivilegedBot(name string) *Bot { return e.addBot(name, true) }

func (e *Emulator) addBot(name string, privileged bool) *Bot {
	app := e.world.AddApp(name, privileged)
	return &Bot{ID: app.User.ID, Name: name, Token: app.Token, e: e, app: app}
}

// Guild is a server.
type Guild struct {
	ID   ID
	Name string
	e    *Emulator
}

// AddGuild makes a guild with the bots as members and an owner nobody plays.
// Consecutive guilds fall on consecutive shards, beginning with shard 0.
func (e *Emulator) AddGuild(name string, bots ...*Bot) *Guild {
	g := &Guild{ID: e.world.AddGuild(name).ID, Name: name, e: e}
	for _, b := range bots {
		g.Invite(b, 0)
	}
	return g
}

// Invite makes a bot a member. The permissions are those of its own role, beside
// what @everyone may do.
func (g *Guild) Invite(b *Bot, permissions discord.Permissions) {
	g.e.world.AddBot(g.ID, b.app, permissions)
}

// Kick throws a bot out of the guild, and out of its voice.
func (g *Guild) Kick(b *Bot) {
	g.e.world.RemoveMember(g.ID, b.ID)
	g.e.voice.Leave(g.ID, b.ID)
}

// Channel is a text, voice or stage channel. Every kind takes messages.
type Channel struct {
	ID    ID
	Name  string
	Guild *Guild
	e     *Emulator
}

// ChannelOptions of a new channel. The zero value lets everybody do everything.
type ChannelOptions struct {
	Stage     bool                // a stage instead of a voice channel
	UserLimit int                 // people the voice channel holds; 0: no limit
	Bitrate   int                 // bits per second; default 64000
	Deny      discord.Permissions // what @everyone, and so the bot, may not do here
}

// AddTextChannel makes a text channel.
func (g *Guild) AddTextChannel(name string, opts ...ChannelOptions) *Channel {
	return g.addChannel(name, discord.Channel{Type: discord.TextChannel}, first(opts))
}

// AddVoiceChannel makes a voice channel.
func (g *Guild) AddVoiceChannel(name string, opts ...ChannelOptions) *Channel {
	o := first(opts)
	if o.Bitrate == 0 {
		o.Bitrate = 64000
	}
	c := discord.Channel{Type: discord.VoiceChannel, Bitrate: &o.Bitrate, UserLimit: &o.UserLimit}
	if o.Stage {
		c.Type = discord.StageChannel
	}
	return g.addChannel(name, c, o)
}

func first(opts []ChannelOptions) ChannelOptions {
	if len(opts) == 0 {
		return ChannelOptions{}
	}
	return opts[0]
}

func (g *Guild) addChannel(name string, c discord.Channel, o ChannelOptions) *Channel {
	c.Name = name
	if o.Deny != 0 {
		c.PermissionOverwrites = []discord.Overwrite{{ID: g.ID, Deny: o.Deny}}
	}
	c, err := g.e.world.AddChannel(g.ID, c)
	if err != nil {
		panic(err) // the guild is of another emulator
	}
	return &Channel{ID: c.ID, Name: name, Guild: g, e: g.e}
}

// Deny takes permissions from @everyone in the channel, or gives all back with 0.
func (c *Channel) Deny(p discord.Permissions) error {
	return c.e.world.ChangeChannel(c.ID, func(in *discord.Channel) {
		in.PermissionOverwrites = []discord.Overwrite{{ID: c.Guild.ID, Deny: p}}
	})
}

// Delete deletes the channel: who was in its voice is out.
func (c *Channel) Delete() error {
	var inside []ID
	for _, s := range c.e.world.VoiceStates(c.Guild.ID) {
		if s.ChannelID == c.ID {
			inside = append(inside, s.UserID)
		}
	}
	err := c.e.world.DeleteChannel(c.ID)
	for _, user := range inside {
		c.e.voice.Leave(c.Guild.ID, user)
		c.e.stopListening(user)
	}
	return err
}

// User is a person in one guild.
type User struct {
	ID    ID
	Name  string
	Guild *Guild
	e     *Emulator
}

// AddUser makes a person who is a member of the guild.
func (g *Guild) AddUser(name string) *User {
	u := g.e.world.AddUser(name)
	g.e.world.AddMember(g.ID, u)
	return &User{ID: u.ID, Name: name, Guild: g, e: g.e}
}

// Grant gives a person permissions, by a role of their own.
func (u *User) Grant(p discord.Permissions) error {
	_, err := u.e.world.AddRole(u.Guild.ID, u.Name+"'s role", p, u.ID)
	return err
}
