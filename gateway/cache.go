package gateway

import (
	"slices"
	"sync"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
)

// cache remembers of each guild what joining a voice channel needs: who is where,
// the voice channels, and what decides about the bot's permissions. It is safe for
// concurrent use.
type cache struct {
	mu     sync.RWMutex
	guilds map[snowflake.ID]*guild
	home   map[snowflake.ID]snowflake.ID // channel to guild
	// wanted are the guilds in whose voice the bot is, or has asked to be: Discord
	// forgets them with a session, and we must not.
	wanted map[snowflake.ID]bool
	// touched are the guilds that changed since changes was last asked.
	touched map[snowflake.ID]bool
}

type guild struct {
	here     bool   // Discord serves it, in the session there is now
	locale   string // "de", "en-US"
	owner    snowflake.ID
	roles    map[snowflake.ID]int64 // permissions by role; @everyone has the guild's id
	channels map[snowflake.ID]*channel
	voice    map[snowflake.ID]seat   // by user
	own      []snowflake.ID          // the bot's roles
	session  string                  // of the gateway, by which the bot is in voice
	status   map[snowflake.ID]string // lines under voice channels' names; nil = nobody has told
}

// seat is somebody's place in voice.
type seat struct {
	channel  snowflake.ID
	bot      bool
	deaf     bool // by the server or by themselves
	silenced bool // nobody hears them: muted by the server, or in a stage's audience
	asked    bool // to speak on a stage
}

// channel is never changed once it is in the cache.
type channel struct {
	name       string
	kind       discordgo.ChannelType
	bitrate    int // bit/s
	userLimit  int // 0 is none
	overwrites []overwrite
}

type overwrite struct {
	id          snowflake.ID // of a role, or of a member
	member      bool
	allow, deny int64
}

func newCache() *cache {
	return &cache{
		guilds: map[snowflake.ID]*guild{}, home: map[snowflake.ID]snowflake.ID{}, wanted: map[snowflake.ID]bool{},
		touched: map[snowflake.ID]bool{},
	}
}

// setGuild replaces all that is known of a guild, as the gateway session tells it. A
// voice state of the bot's by another session is about to end and counts as none.
func (c *cache) setGuild(from *discordgo.Guild, self snowflake.ID, session string) {
	g := &guild{
		here:     true,
		locale:   from.PreferredLocale,
		owner:    id(from.OwnerID),
		roles:    map[snowflake.ID]int64{},
		channels: map[snowflake.ID]*channel{},
		voice:    map[snowflake.ID]seat{},
	}
	bots := g.setMembers(from.Members, self)
	for _, r := range from.Roles {
		if r != nil {
			g.roles[id(r.ID)] = r.Permissions
		}
	}
	for _, v := range from.VoiceStates {
		if v == nil || v.ChannelID == "" {
			continue
		}
		if id(v.UserID) == self {
			if v.SessionID != "" && session != "" && v.SessionID != session {
				continue
			}
			g.session = v.SessionID
		}
		s := seatOf(v)
		s.bot = s.bot || bots[id(v.UserID)]
		g.voice[id(v.UserID)] = s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	of := id(from.ID)
	c.forget(of)
	c.guilds[of] = g
	c.touched[of] = true
	for _, ch := range from.Channels {
		c.put(of, ch)
	}
}

// setMembers reads the bot's roles, and returns which members are bots: Discord lists
// who is in voice, and us.
func (g *guild) setMembers(all []*discordgo.Member, self snowflake.ID) (bots map[snowflake.ID]bool) {
	bots = map[snowflake.ID]bool{}
	for _, m := range all {
		if m == nil || m.User == nil {
			continue
		}
		if id(m.User.ID) == self {
			g.own = ids(m.Roles)
		}
		if m.User.Bot {
			bots[id(m.User.ID)] = true
		}
	}
	return bots
}

func seatOf(v *discordgo.VoiceState) seat {
	return seat{
		channel: id(v.ChannelID), bot: v.Member != nil && v.Member.User != nil && v.Member.User.Bot,
		deaf: v.Deaf || v.SelfDeaf, silenced: v.Mute || v.Suppress, asked: v.RequestToSpeakTimestamp != nil,
	}
}

// updateGuild takes what a GUILD_UPDATE brings: owner, language and roles.
func (c *cache) updateGuild(from *discordgo.Guild) {
	c.edit(id(from.ID), func(g *guild) {
		g.owner = id(from.OwnerID)
		if from.PreferredLocale != "" {
			g.locale = from.PreferredLocale
		}
		if len(from.Roles) == 0 {
			return
		}
		clear(g.roles)
		for _, r := range from.Roles {
			if r != nil {
				g.roles[id(r.ID)] = r.Permissions
			}
		}
	})
}

func (c *cache) deleteGuild(of snowflake.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(of)
	delete(c.wanted, of)
}

// begin prepares for a new session that serves the guilds of list: the others
// covered by serves are returned, for the bot is no longer in them. Of those listed
// nothing holds until their GUILD_CREATE.
func (c *cache) begin(list []*discordgo.Guild, serves func(snowflake.ID) bool) (gone []snowflake.ID) {
	listed := make(map[snowflake.ID]bool, len(list))
	for _, g := range list {
		if g != nil {
			listed[id(g.ID)] = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for of, g := range c.guilds {
		switch {
		case !serves(of):
		case listed[of]:
			g.here = false
			c.touched[of] = true
		default:
			gone = append(gone, of)
		}
	}
	return gone
}

// setAbsent notes that Discord does not serve a guild for now.
func (c *cache) setAbsent(of snowflake.ID) {
	c.edit(of, func(g *guild) { g.here = false })
}

// isHere reports whether Discord serves a guild.
func (c *cache) isHere(of snowflake.ID) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	g := c.guilds[of]
	return g != nil && g.here
}

// want notes whether the bot is to be in voice in a guild.
func (c *cache) want(of snowflake.ID, in bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wanted[of] != in {
		c.touched[of] = true
	}
	if in {
		c.wanted[of] = true
	} else {
		delete(c.wanted, of)
	}
}

func (c *cache) isWanted(of snowflake.ID) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.wanted[of]
}

// forget drops a guild; the caller holds the lock.
func (c *cache) forget(of snowflake.ID) {
	if g := c.guilds[of]; g != nil {
		for ch := range g.channels {
			delete(c.home, ch)
		}
	}
	delete(c.guilds, of)
	c.touched[of] = true
}

func (c *cache) setChannel(ch *discordgo.Channel) {
	if ch == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(id(ch.GuildID), ch)
}

// put stores a channel one can speak in; the caller holds the lock.
func (c *cache) put(of snowflake.ID, ch *discordgo.Channel) {
	g := c.guilds[of]
	if g == nil || ch == nil {
		return
	}
	if ch.Type != discordgo.ChannelTypeGuildVoice && ch.Type != discordgo.ChannelTypeGuildStageVoice {
		return
	}
	kept := &channel{name: ch.Name, kind: ch.Type, bitrate: ch.Bitrate, userLimit: ch.UserLimit}
	for _, o := range ch.PermissionOverwrites {
		if o != nil {
			kept.overwrites = append(kept.overwrites, overwrite{
				id(o.ID), o.Type == discordgo.PermissionOverwriteTypeMember, o.Allow, o.Deny,
			})
		}
	}
	c.touched[of] = true
	g.channels[id(ch.ID)] = kept
	c.home[id(ch.ID)] = of
}

func (c *cache) deleteChannel(ch *discordgo.Channel) {
	if ch == nil {
		return
	}
	c.edit(id(ch.GuildID), func(g *guild) {
		delete(g.channels, id(ch.ID))
		delete(g.status, id(ch.ID))
		delete(c.home, id(ch.ID))
	})
}

func (c *cache) setRole(r *discordgo.GuildRole) {
	if r == nil || r.Role == nil {
		return
	}
	c.edit(id(r.GuildID), func(g *guild) { g.roles[id(r.Role.ID)] = r.Role.Permissions })
}

func (c *cache) deleteRole(of, role snowflake.ID) {
	c.edit(of, func(g *guild) { delete(g.roles, role) })
}

func (c *cache) setSelf(of snowflake.ID, roles []string) {
	c.edit(of, func(g *guild) { g.own = ids(roles) })
}

// setVoice notes where somebody is. An event that says nothing of whoever it is about
// leaves them the bot or person they were.
func (c *cache) setVoice(v VoiceState, s seat) {
	c.edit(v.Guild, func(g *guild) {
		if v.Self {
			g.session = v.SessionID
		}
		if v.Channel == 0 {
			delete(g.voice, v.User)
			return
		}
		s.channel = v.Channel
		s.bot = s.bot || g.voice[v.User].bot
		g.voice[v.User] = s
	})
}

// setStatus notes the line under a voice channel's name.
func (c *cache) setStatus(of, channel snowflake.ID, status string) {
	c.edit(of, func(g *guild) {
		if g.status != nil {
			g.status[channel] = status
		}
	})
}

// setAllStatus notes the lines under the names of all of a guild's voice channels; those
// that are not listed have none.
func (c *cache) setAllStatus(of snowflake.ID, status map[snowflake.ID]string) {
	c.edit(of, func(g *guild) { g.status = status })
}

func (c *cache) edit(of snowflake.ID, change func(*guild)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.guilds[of]; g != nil {
		c.touched[of] = true
		change(g)
	}
}

// voiceOf returns the voice channel user is in.
func (c *cache) voiceOf(of, user snowflake.ID) (snowflake.ID, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	g := c.guilds[of]
	if g == nil {
		return 0, false
	}
	s, ok := g.voice[user]
	return s.channel, ok
}

// ownSession returns the gateway session by which the bot, self, is in voice; "" when
// it is not.
func (c *cache) ownSession(of, self snowflake.ID) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	g := c.guilds[of]
	if g == nil || g.voice[self].channel == 0 {
		return ""
	}
	return g.session
}

// members returns who is in a voice channel, in the order of their ids; the caller
// holds the lock.
func (g *guild) members(in snowflake.ID) []snowflake.ID {
	var who []snowflake.ID
	for user, s := range g.voice {
		if s.channel == in {
			who = append(who, user)
		}
	}
	slices.Sort(who)
	return who
}

// listeners returns of members who hears what is played: no bots, and nobody deafened.
// The caller holds the lock.
func (g *guild) listeners(members []snowflake.ID) []snowflake.ID {
	var who []snowflake.ID
	for _, user := range members {
		if s := g.voice[user]; !s.bot && !s.deaf {
			who = append(who, user)
		}
	}
	return who
}

func ids(from []string) []snowflake.ID {
	to := make([]snowflake.ID, len(from))
	for i, s := range from {
		to[i] = id(s)
	}
	return to
}
