package gateway

import (
	"maps"
	"slices"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// Channel describes a voice channel at one moment.
type Channel struct {
	ID, Guild snowflake.ID
	Name      string
	Stage     bool
	Bitrate   int            // bit/s
	UserLimit int            // 0 is none
	Members   []snowflake.ID // who is in it, ourselves included
	Listeners []snowflake.ID // of Members, the people who hear it: no bots, and nobody deafened

	// Status is the line under its name. StatusKnown is false until Discord has told of
	// any, which AskStatus makes it do.
	Status      string
	StatusKnown bool

	// Of ourselves.
	Silenced     bool // nobody hears us: we are in a stage's audience, or muted by the server
	Asked        bool // we asked to speak
	MayUnmute    bool // we may make ourselves speakers of a stage (Mute Members)
	MayAsk       bool // we may ask to speak (Request to Speak)
	MaySetStatus bool // we may set Status from where we are
}

// VoiceChannelOf returns the voice channel user is in.
func (g *Gateway) VoiceChannelOf(guild, user snowflake.ID) (channel snowflake.ID, ok bool) {
	return g.cache.voiceOf(guild, user)
}

// ChannelInfo describes a voice channel; ok is false when there is none of that id
// or the bot cannot see it.
func (g *Gateway) ChannelInfo(channel snowflake.ID) (Channel, bool) {
	c := g.cache
	c.mu.RLock()
	defer c.mu.RUnlock()
	of, ch := c.find(channel)
	if ch == nil {
		return Channel{}, false
	}
	self := g.UserID()
	may := of.permissions(ch, c.home[channel], self)
	in := of.members(channel)
	own := of.voice[self]
	if own.channel != channel {
		own = seat{}
	}
	return Channel{
		ID: channel, Guild: c.home[channel], Name: ch.name, Stage: ch.isStage(),
		Bitrate: ch.bitrate, UserLimit: ch.userLimit, Members: in, Listeners: of.listeners(in),
		Status: of.status[channel], StatusKnown: of.status != nil,
		Silenced: own.silenced, Asked: own.asked,
		MayUnmute: may&discordgo.PermissionVoiceMuteMembers != 0,
		MayAsk:    may&discordgo.PermissionVoiceRequestToSpeak != 0,
		MaySetStatus: !ch.isStage() && may&permissionSetVoiceStatus != 0 &&
			(own.channel == channel || may&discordgo.PermissionManageChannels != 0),
	}, true
}

// permissionSetVoiceStatus is Set Voice Channel Status, which discordgo does not know.
const permissionSetVoiceStatus = 1 << 48

func (ch *channel) isStage() bool { return ch.kind == discordgo.ChannelTypeGuildStageVoice }

// Guilds returns the guilds the bot is in, as far as it knows, in any order.
func (g *Gateway) Guilds() []snowflake.ID {
	c := g.cache
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Collect(maps.Keys(c.guilds))
}

// Locale returns the language of a guild as Discord names it ("de", "en-US"), "" of one
// the bot does not know.
func (g *Gateway) Locale(guild snowflake.ID) string {
	c := g.cache
	c.mu.RLock()
	defer c.mu.RUnlock()
	if of := c.guilds[guild]; of != nil {
		return of.locale
	}
	return ""
}

// Access says whether the bot can play in a voice channel.
type Access struct {
	Missing []string // permissions it lacks, by their names in Discord's English settings
	Full    bool     // the user limit is reached, and the bot may not pass it
}

// permission is one of Discord's, with its name in the English settings.
type permission struct {
	bit  int64
	name fault.Term
}

// needed are the permissions playing in a voice channel takes. On a stage it takes no
// Speak: who is invited there, or may mute members, is heard.
var needed = []permission{
	{discordgo.PermissionViewChannel, "View Channel"},
	{discordgo.PermissionVoiceConnect, "Connect"},
	{discordgo.PermissionVoiceSpeak, "Speak"},
}

// neededToPost are the permissions a card in a text channel takes.
var neededToPost = []permission{
	{discordgo.PermissionViewChannel, "View Channel"},
	{discordgo.PermissionSendMessages, "Send Messages"},
	{discordgo.PermissionEmbedLinks, "Embed Links"},
	{discordgo.PermissionAttachFiles, "Attach Files"},
}

// MissingToPost names the permissions that has lacks of those a card in a text channel
// takes: has are ours there, as interactions tell them.
func MissingToPost(has int64) []string { return missing(neededToPost, has) }

func missing(needed []permission, has int64) (names []string) {
	if has&discordgo.PermissionAdministrator != 0 {
		return nil
	}
	for _, n := range needed {
		if has&n.bit == 0 {
			names = append(names, string(n.name))
		}
	}
	return names
}

// VoiceAccess tells what keeps the bot from playing in channel. A channel it knows
// nothing of, which Discord hides from bots that may not view it, lacks View Channel.
func (g *Gateway) VoiceAccess(channel snowflake.ID) Access {
	c := g.cache
	c.mu.RLock()
	defer c.mu.RUnlock()
	of, ch := c.find(channel)
	if ch == nil {
		return Access{Missing: []string{string(needed[0].name)}}
	}
	self := g.UserID()
	has := of.permissions(ch, c.home[channel], self)
	takes := needed
	if ch.isStage() {
		takes = needed[:2]
	}
	a := Access{Missing: missing(takes, has)}
	in := of.members(channel)
	a.Full = ch.userLimit > 0 && len(in) >= ch.userLimit &&
		has&discordgo.PermissionVoiceMoveMembers == 0 && !slices.Contains(in, self)
	return a
}

// find returns a channel and its guild; the caller holds the lock.
func (c *cache) find(id snowflake.ID) (*guild, *channel) {
	g := c.guilds[c.home[id]]
	if g == nil {
		return nil, nil
	}
	return g, g.channels[id]
}

// all is every permission there is.
const all = int64(-1)

// permissions computes what self may do in ch, in the order Discord's documentation
// of permissions gives: everyone, roles, then the overwrites for everyone, for the
// roles together, and for the member.
func (g *guild) permissions(ch *channel, everyone, self snowflake.ID) int64 {
	if g.owner == self && self != 0 {
		return all
	}
	has := g.roles[everyone]
	for _, r := range g.own {
		has |= g.roles[r]
	}
	if has&discordgo.PermissionAdministrator != 0 {
		return all
	}
	var allow, deny int64
	for _, o := range ch.overwrites {
		switch {
		case o.member:
		case o.id == everyone:
			has = has&^o.deny | o.allow
		case slices.Contains(g.own, o.id):
			allow |= o.allow
			deny |= o.deny
		}
	}
	has = has&^deny | allow
	for _, o := range ch.overwrites {
		if o.member && o.id == self {
			has = has&^o.deny | o.allow
		}
	}
	return has
}
