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
	s.g.turn.RLock()
	defer s.g.turn.RUnlock()
	if read == nil || s.g.fleet.resharding() && !s.concerns(e) {
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
		return "message_create", raw((*shard).onMessage)
	case "VOICE_CHANNEL_STATUS_UPDATE":
		return "channel_status", raw((*shard).onStatus)
	case "CHANNEL_INFO":
		return "channel_status", raw((*shard).onChannelInfo)
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
	s.once(id(i.ID), func() { s.g.offer(i) })
	return nil
}

// once tells what people did: while the number of shards changes that comes to two shards.
func (s *shard) once(id snowflake.ID, tell func()) {
	first := func() {
		if s.g.twice.first(id) {
			tell()
		}
	}
	if s.h.Active() {
		first()
	} else {
		s.later(first)
	}
}

func (s *shard) onReady(e *discordgo.Ready) {
	if e.User != nil {
		s.g.self.Store(uint64(id(e.User.ID)))
	}
	if e.Application != nil {
		s.g.application.Store(uint64(id(e.Application.ID)))
	}
	listed := make(map[snowflake.ID]bool, len(e.Guilds))
	for _, guild := range e.Guilds {
		if guild != nil {
			listed[id(guild.ID)] = true
		}
	}
	s.renew(e.SessionID, listed)
	for _, gone := range s.cache().begin(e.Guilds, s.serves) {
		s.forget(gone)
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
	c := s.cache()
	state := VoiceState{Guild: id(v.GuildID), Channel: id(v.ChannelID), User: id(v.UserID), SessionID: v.SessionID}
	state.Self = state.User != 0 && state.User == s.g.UserID()
	if state.Self {
		if v.Member != nil {
			c.setSelf(state.Guild, v.Member.Roles)
		}
		if s.isFormer(v.SessionID) {
			s.onFormerState(state)
			return
		}
		c.want(state.Guild, state.Channel != 0)
	}
	c.setVoice(state, seatOf(v))
	s.tell(state)
	s.changed(state.Guild)
}

// onFormerState takes what still happens to the bot's voice state of a session before:
// its end is no kick, and means nothing once the bot is in by this session.
func (s *shard) onFormerState(state VoiceState) {
	in := s.cache().ownSession(state.Guild, state.User)
	switch {
	case state.Channel != 0 || in != "" && !s.isFormer(in):
	case s.cache().isWanted(state.Guild):
		s.cache().setVoice(state, seat{})
		s.tellLost(state.Guild)
	default:
		s.cache().setVoice(state, seat{})
		s.tell(state)
	}
}

// changed tells that something of a guild is not as it was.
func (s *shard) changed(guild snowflake.ID) {
	if tell := s.g.opts.OnChange; tell != nil && guild != 0 && s.h.Active() {
		tell(guild)
	}
}

func (s *shard) tell(state VoiceState) {
	if !s.h.Active() {
		return
	}
	if state.Lost {
		s.g.metrics.lost.Inc()
	}
	if tell := s.g.opts.OnVoiceState; tell != nil {
		tell(state)
	}
}

func (s *shard) onVoiceServer(e *discordgo.VoiceServerUpdate) {
	if tell := s.g.opts.OnVoiceServer; tell != nil && s.h.Active() {
		tell(VoiceServer{Guild: id(e.GuildID), Token: e.Token, Endpoint: e.Endpoint})
	}
}

func (s *shard) onGuildUpdate(e *discordgo.Guild) {
	s.cache().updateGuild(e)
	s.changed(id(e.ID))
}

func (s *shard) onChannel(e *discordgo.Channel) {
	s.cache().setChannel(e)
	s.changed(id(e.GuildID))
}

func (s *shard) onChannelGone(e *discordgo.Channel) {
	s.cache().deleteChannel(e)
	s.changed(id(e.GuildID))
}

func (s *shard) onRole(e *discordgo.GuildRole) {
	s.cache().setRole(e)
	s.changed(id(e.GuildID))
}

func (s *shard) onRoleGone(e *discordgo.GuildRoleDelete) {
	s.cache().deleteRole(id(e.GuildID), id(e.RoleID))
	s.changed(id(e.GuildID))
}

func (s *shard) onMember(e *discordgo.Member) {
	if e.User != nil && id(e.User.ID) == s.g.UserID() {
		s.cache().setSelf(id(e.GuildID), e.Roles)
		s.changed(id(e.GuildID))
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
	s.cache().setGuild(e.guild(), self, s.presentSession())
	if is, _ := s.cache().voiceOf(in, self); is == 0 && s.cache().isWanted(in) {
		s.tellLost(in)
	}
	s.changed(in)
	s.tellGuild(in, true)
	s.arrives(in)
}

func (s *shard) tellGuild(guild snowflake.ID, in bool) {
	if tell := s.g.opts.OnGuild; tell != nil && s.h.Active() {
		tell(guild, in)
	}
}

func (s *shard) tellLost(in snowflake.ID) {
	s.tell(VoiceState{Guild: in, User: s.g.UserID(), Self: true, Lost: true})
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
		s.cache().setAbsent(id(e.ID))
		return
	}
	s.forget(id(e.ID))
}

// forget drops a guild the bot is no longer in, and with it its place in voice.
func (s *shard) forget(gone snowflake.ID) {
	s.mu.Lock()
	delete(s.missing, gone)
	s.mu.Unlock()
	wanted := s.cache().isWanted(gone)
	s.cache().deleteGuild(gone)
	if wanted {
		s.tell(VoiceState{Guild: gone, User: s.g.UserID(), Self: true})
	}
	s.tellGuild(gone, false)
}

// id reads an id of Discord's; what is not one is 0.
func id(s string) snowflake.ID {
	v, err := snowflake.Parse(s)
	if err != nil {
		return 0
	}
	return v
}
