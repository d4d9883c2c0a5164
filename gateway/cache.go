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
}

type guild struct {
	here     bool   // Discord serves it, in the session there is now
	locale   string // "de", "en-US"
	owner    snowflake.ID
	roles    map[snowflake.ID]int64 // permissions by role; @everyone has the guild's id
	channels map[snowflake.ID]*channel
	voice    map[snowflake.ID]snowflake.ID // user to voice channel
	own      []snowflake.ID                // the bot's roles
	session  string                        // of the gateway, by which the bot is in voice
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
		voice:    map[snowflake.ID]snowflake.ID{},
	}
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
		g.voice[id(v.UserID)] = id(v.ChannelID)
	}
	for _, m := range from.Members {
		if m != nil && m.User != nil && id(m.User.ID) == self {
			g.own = ids(m.Roles)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	of := id(from.ID)
	c.forget(of)
	c.guilds[of] = g
	for _, ch := range from.Channels {
		c.put(of, ch)
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
	g.channels[id(ch.ID)] = kept
	c.home[id(ch.ID)] = of
}

func (c *cache) deleteChannel(ch *discordgo.Channel) {
	if ch == nil {
		return
	}
	c.edit(id(ch.GuildID), func(g *guild) {
		delete(g.channels, id(ch.ID))
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

func (c *cache) setVoice(v VoiceState) {
	c.edit(v.Guild, func(g *guild) {
		if v.Self {
			g.session = v.SessionID
		}
		if v.Channel == 0 {
			delete(g.voice, v.User)
			return
		}
		g.voice[v.User] = v.Channel
	})
}

func (c *cache) edit(of snowflake.ID, change func(*guild)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.guilds[of]; g != nil {
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
	ch, ok := g.voice[user]
	return ch, ok
}

// ownSession returns the gateway session by which the bot, self, is in voice; "" when
// it is not.
func (c *cache) ownSession(of, self snowflake.ID) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	g := c.guilds[of]
	if g == nil || g.voice[self] == 0 {
		return ""
	}
	return g.session
}

// members returns who is in a voice channel, in the order of their ids; the caller
// holds the lock.
func (g *guild) members(in snowflake.ID) []snowflake.ID {
	var who []snowflake.ID
	for user, ch := range g.voice {
		if ch == in {
			who = append(who, user)
		}
	}
	slices.Sort(who)
	return who
}

func ids(from []string) []snowflake.ID {
	to := make([]snowflake.ID, len(from))
	for i, s := range from {
		to[i] = id(s)
	}
	return to
}
