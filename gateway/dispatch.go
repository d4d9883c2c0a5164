package gateway

import (
	"encoding/json"
	"errors"

	"github.com/bwmarrin/discordgo"

	"busker/gateway/conn"
	"busker/internal/snowflake"
)

// onEvent takes one event on the goroutine that reads. Nothing here waits, and nothing
// that goes wrong here stops the shard.
func (s *shard) onEvent(e conn.Event) {
	name, read := reader(e.Type)
	if read == nil {
		return
	}
	s.g.metrics.events.WithLabelValues(name).Inc()
	if err := read(s, e.Data); err != nil {
		s.g.metrics.unread.Inc()
		s.log.Warn("event cannot be read as a whole", "event", e.Type, "err", err)
	}
}

// reader returns what reads an event, and its name in the metric: a closed set.
func reader(event string) (name string, read func(*shard, json.RawMessage) error) {
	switch event {
	case "READY":
		return "ready", with((*shard).onReady)
	case "RESUMED":
		return "resumed", raw(func(*shard, json.RawMessage) {})
	case "VOICE_STATE_UPDATE":
		return "voice_state_update", with((*shard).onVoiceState)
	case "VOICE_SERVER_UPDATE":
		return "voice_server_update", with((*shard).onVoiceServer)
	case "INTERACTION_CREATE":
		return "interaction_create", (*shard).onInteraction
	case "MESSAGE_CREATE":
		return "message_create", raw(func(s *shard, d json.RawMessage) { s.g.onMessage(d) })
	case "VOICE_CHANNEL_STATUS_UPDATE":
		return "channel_status", raw(func(s *shard, d json.RawMessage) { s.g.onStatus(d) })
	case "CHANNEL_INFO":
		return "channel_status", raw(func(s *shard, d json.RawMessage) { s.g.onChannelInfo(d) })
	}
	return guildReader(event)
}

// guildReader is reader for what keeps the cache.
func guildReader(event string) (name string, read func(*shard, json.RawMessage) error) {
	switch event {
	case "GUILD_CREATE":
		return "guild", with((*shard).onGuild)
	case "GUILD_UPDATE":
		return "guild", with((*shard).onGuildUpdate)
	case "GUILD_DELETE":
		return "guild", with((*shard).onGuildGone)
	case "CHANNEL_CREATE", "CHANNEL_UPDATE":
		return "channel", with((*shard).onChannel)
	case "CHANNEL_DELETE":
		return "channel", with((*shard).onChannelGone)
	case "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE":
		return "role", with((*shard).onRole)
	case "GUILD_ROLE_DELETE":
		return "role", with((*shard).onRoleGone)
	case "GUILD_MEMBER_UPDATE":
		return "member", with((*shard).onMember)
	}
	return "", nil
}

// with reads an event into a T for f. A field of another type than it was says nothing of
// the others, which are read.
func with[T any](f func(*shard, *T)) func(*shard, json.RawMessage) error {
	return func(s *shard, d json.RawMessage) error {
		e := new(T)
		err := json.Unmarshal(d, e)
		if odd := new(json.UnmarshalTypeError); err == nil || errors.As(err, &odd) {
			f(s, e)
		}
		return err
	}
}

// raw leaves the reading to f.
func raw(f func(*shard, json.RawMessage)) func(*shard, json.RawMessage) error {
	return func(s *shard, d json.RawMessage) error {
		f(s, d)
		return nil
	}
}

func (s *shard) onInteraction(d json.RawMessage) error {
	i, err := readInteraction(d)
	if err != nil {
		return err
	}
	s.g.threads.see(d)
	s.g.offer(i)
	return nil
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

func (s *shard) onVoiceServer(e *discordgo.VoiceServerUpdate) {
	if tell := s.g.opts.OnVoiceServer; tell != nil {
		tell(VoiceServer{Guild: id(e.GuildID), Token: e.Token, Endpoint: e.Endpoint})
	}
}

func (s *shard) onGuildUpdate(e *discordgo.Guild) {
	s.g.cache.updateGuild(e)
	s.g.changed(id(e.ID))
}

func (s *shard) onChannel(e *discordgo.Channel) {
	s.g.cache.setChannel(e)
	s.g.changed(id(e.GuildID))
}

func (s *shard) onChannelGone(e *discordgo.Channel) {
	s.g.cache.deleteChannel(e)
	s.g.changed(id(e.GuildID))
}

func (s *shard) onRole(e *discordgo.GuildRole) {
	s.g.cache.setRole(e)
	s.g.changed(id(e.GuildID))
}

func (s *shard) onRoleGone(e *discordgo.GuildRoleDelete) {
	s.g.cache.deleteRole(id(e.GuildID), id(e.RoleID))
	s.g.changed(id(e.GuildID))
}

func (s *shard) onMember(e *discordgo.Member) {
	if e.User != nil && id(e.User.ID) == s.g.UserID() {
		s.g.cache.setSelf(id(e.GuildID), e.Roles)
		s.g.changed(id(e.GuildID))
	}
}

// onGuild takes a guild's whole state. A new session, and a guild that was away, have
// lost the bot's voice state: where it is wanted it hears of that, however many
// sessions it took until the guild was there again.
func (s *shard) onGuild(e *arrival) {
	if e.Unavailable {
		return
	}
	self, in := s.g.UserID(), id(e.ID)
	s.g.cache.setGuild(e.guild(), self, s.presentSession())
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

// arrival is what is read of a GUILD_CREATE: most of it are emojis, stickers and members
// of no interest.
type arrival struct {
	ID          string                  `json:"id"`
	Unavailable bool                    `json:"unavailable"`
	Locale      string                  `json:"preferred_locale"`
	Owner       string                  `json:"owner_id"`
	Roles       []*discordgo.Role       `json:"roles"`
	Members     []*discordgo.Member     `json:"members"`
	Channels    []*discordgo.Channel    `json:"channels"`
	Voice       []*discordgo.VoiceState `json:"voice_states"`
}

func (e *arrival) guild() *discordgo.Guild {
	return &discordgo.Guild{
		ID: e.ID, PreferredLocale: e.Locale, OwnerID: e.Owner,
		Roles: e.Roles, Members: e.Members, Channels: e.Channels, VoiceStates: e.Voice,
	}
}

// onGuildGone forgets a guild the bot left; one that is only unavailable comes back.
func (s *shard) onGuildGone(e *discordgo.Guild) {
	if e.Unavailable {
		s.g.cache.setAbsent(id(e.ID))
		return
	}
	s.g.forget(id(e.ID))
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
