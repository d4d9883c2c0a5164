package gateway

import (
	"encoding/json"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
)

// dispatch takes one event on the shard's read loop. Nothing here waits, and
// nothing that goes wrong here stops the shard.
func (s *shard) dispatch(from *discordgo.Session, event any) {
	if !s.isNewest(from) {
		return
	}
	name := eventName(event)
	defer s.g.recover(name)
	if name != "" {
		s.g.metrics.events.WithLabelValues(name).Inc()
	}
	switch e := event.(type) {
	case *discordgo.Ready:
		s.onReady(e)
	case *discordgo.Resumed:
		s.log.Info("session resumed")
		s.connected(from, "")
	case *discordgo.Event:
		s.raw(from, e)
	case *discordgo.VoiceStateUpdate:
		s.onVoiceState(e.VoiceState)
	case *discordgo.VoiceServerUpdate:
		s.g.onVoiceServer(e)
	case *discordgo.GuildCreate:
		s.onGuild(e.Guild)
	case *discordgo.GuildDelete:
		s.g.onGuildGone(e.Guild)
	default:
		s.g.onGuildEvent(event)
	}
}

// raw takes what discordgo's own types leave out; it follows the event in those.
func (s *shard) raw(from *discordgo.Session, e *discordgo.Event) {
	switch e.Type {
	case "READY":
		s.connected(from, resumeURL(e.RawData))
	case "INTERACTION_CREATE":
		i, err := readInteraction(e.RawData)
		if err != nil {
			s.log.Warn("interaction cannot be read", "err", err)
			return
		}
		s.g.threads.see(e.RawData)
		s.g.offer(i)
	case "MESSAGE_CREATE":
		s.g.onMessage(e.RawData)
	case "VOICE_CHANNEL_STATUS_UPDATE":
		s.g.onStatus(e.RawData)
	case "CHANNEL_INFO":
		s.g.onChannelInfo(e.RawData)
	}
}

// eventName names the events this package reads, "" for the rest: a closed set for
// the metric.
func eventName(event any) string {
	switch event.(type) {
	case *discordgo.Ready:
		return "ready"
	case *discordgo.Resumed:
		return "resumed"
	case *discordgo.InteractionCreate:
		return "interaction_create"
	case *discordgo.VoiceStateUpdate:
		return "voice_state_update"
	case *discordgo.VoiceServerUpdate:
		return "voice_server_update"
	case *discordgo.GuildCreate, *discordgo.GuildUpdate, *discordgo.GuildDelete:
		return "guild"
	case *discordgo.ChannelCreate, *discordgo.ChannelUpdate, *discordgo.ChannelDelete:
		return "channel"
	case *discordgo.GuildRoleCreate, *discordgo.GuildRoleUpdate, *discordgo.GuildRoleDelete:
		return "role"
	case *discordgo.GuildMemberUpdate:
		return "member"
	case *discordgo.MessageCreate:
		return "message_create"
	}
	return ""
}

func (s *shard) onReady(e *discordgo.Ready) {
	if e.User != nil {
		s.g.self.Store(uint64(id(e.User.ID)))
	}
	if e.Application != nil {
		s.g.application.Store(uint64(id(e.Application.ID)))
	}
	s.renew(e.SessionID)
	for _, gone := range s.g.cache.begin(e.Guilds, s.serves) {
		s.g.forget(gone)
	}
	s.log.Info("session ready", "guilds", len(e.Guilds))
}

// resumeURL reads where to resume from READY; empty when Discord does not say.
func resumeURL(ready []byte) string {
	var r struct {
		URL string `json:"resume_gateway_url"`
	}
	if json.Unmarshal(ready, &r) != nil || !strings.HasPrefix(r.URL, "ws") {
		return ""
	}
	if !strings.HasSuffix(r.URL, "/") {
		r.URL += "/"
	}
	return r.URL
}

// offer hands an interaction to the workers; with all of them busy and the buffer
// full it is dropped, and Discord tells the user that nobody answered.
func (g *Gateway) offer(i *discordgo.InteractionCreate) {
	if g.opts.OnInteraction == nil || i.Interaction == nil {
		return
	}
	select {
	case g.interactions <- i:
	default:
		g.metrics.dropped.Inc()
		g.log.Error("interaction dropped: every worker is busy", "workers", g.opts.Interactions)
	}
}

func (s *shard) onVoiceState(v *discordgo.VoiceState) {
	if v == nil {
		return
	}
	g := s.g
	state := VoiceState{Guild: id(v.GuildID), Channel: id(v.ChannelID), User: id(v.UserID), SessionID: v.SessionID}
	state.Self = state.User != 0 && state.User == g.UserID()
	if state.Self {
		if v.Member != nil {
			g.cache.setSelf(state.Guild, v.Member.Roles)
		}
		if s.isFormer(v.SessionID) {
			s.onFormerState(state)
			return
		}
		g.cache.want(state.Guild, state.Channel != 0)
	}
	g.cache.setVoice(state, seatOf(v))
	g.tell(state)
	g.changed(state.Guild)
}

// onFormerState takes what still happens to the bot's voice state of a session before:
// its end is no kick, and means nothing once the bot is in by this session.
func (s *shard) onFormerState(state VoiceState) {
	in := s.g.cache.ownSession(state.Guild, state.User)
	switch {
	case state.Channel != 0 || in != "" && !s.isFormer(in):
	case s.g.cache.isWanted(state.Guild):
		s.g.cache.setVoice(state, seat{})
		s.g.tellLost(state.Guild)
	default:
		s.g.cache.setVoice(state, seat{})
		s.g.tell(state)
	}
}

// changed tells that something of a guild is not as it was.
func (g *Gateway) changed(guild snowflake.ID) {
	if g.opts.OnChange != nil && guild != 0 {
		g.opts.OnChange(guild)
	}
}

func (g *Gateway) tell(state VoiceState) {
	if state.Lost {
		g.metrics.lost.Inc()
	}
	if g.opts.OnVoiceState != nil {
		g.opts.OnVoiceState(state)
	}
}

func (g *Gateway) onVoiceServer(e *discordgo.VoiceServerUpdate) {
	if g.opts.OnVoiceServer != nil {
		g.opts.OnVoiceServer(VoiceServer{Guild: id(e.GuildID), Token: e.Token, Endpoint: e.Endpoint})
	}
}

// onGuildEvent keeps the cache.
func (g *Gateway) onGuildEvent(event any) {
	c := g.cache
	switch e := event.(type) {
	case *discordgo.GuildUpdate:
		c.updateGuild(e.Guild)
		g.changed(id(e.ID))
	case *discordgo.ChannelCreate:
		c.setChannel(e.Channel)
	case *discordgo.ChannelUpdate:
		c.setChannel(e.Channel)
		g.changed(id(e.GuildID))
	case *discordgo.ChannelDelete:
		c.deleteChannel(e.Channel)
		g.changed(id(e.GuildID))
	case *discordgo.GuildRoleCreate:
		c.setRole(e.GuildRole)
	case *discordgo.GuildRoleUpdate:
		c.setRole(e.GuildRole)
		g.changed(id(e.GuildID))
	case *discordgo.GuildRoleDelete:
		c.deleteRole(id(e.GuildID), id(e.RoleID))
		g.changed(id(e.GuildID))
	case *discordgo.GuildMemberUpdate:
		if e.Member != nil && e.User != nil && id(e.User.ID) == g.UserID() {
			c.setSelf(id(e.GuildID), e.Roles)
			g.changed(id(e.GuildID))
		}
	}
}

// onGuild takes a guild's whole state. A new session, and a guild that was away, have
// lost the bot's voice state: where it is wanted it hears of that, however many
// sessions it took until the guild was there again.
func (s *shard) onGuild(guild *discordgo.Guild) {
	if guild == nil || guild.Unavailable {
		return
	}
	self, in := s.g.UserID(), id(guild.ID)
	s.g.cache.setGuild(guild, self, s.presentSession())
	if is, _ := s.g.cache.voiceOf(in, self); is == 0 && s.g.cache.isWanted(in) {
		s.g.tellLost(in)
	}
	s.g.changed(in)
	s.g.tellGuild(in, true)
}

func (g *Gateway) tellGuild(guild snowflake.ID, in bool) {
	if g.opts.OnGuild != nil {
		g.opts.OnGuild(guild, in)
	}
}

func (g *Gateway) tellLost(in snowflake.ID) {
	g.tell(VoiceState{Guild: in, User: g.UserID(), Self: true, Lost: true})
}

// onGuildGone forgets a guild the bot left; one that is only unavailable comes back.
func (g *Gateway) onGuildGone(guild *discordgo.Guild) {
	switch {
	case guild == nil:
	case guild.Unavailable:
		g.cache.setAbsent(id(guild.ID))
	default:
		g.forget(id(guild.ID))
	}
}

// forget drops a guild the bot is no longer in, and with it its place in voice.
func (g *Gateway) forget(gone snowflake.ID) {
	wanted := g.cache.isWanted(gone)
	g.cache.deleteGuild(gone)
	if wanted {
		g.tell(VoiceState{Guild: gone, User: g.UserID(), Self: true})
	}
	g.tellGuild(gone, false)
}

// id reads an id of Discord's; what is not one is 0.
func id(s string) snowflake.ID {
	v, err := snowflake.Parse(s)
	if err != nil {
		return 0
	}
	return v
}
