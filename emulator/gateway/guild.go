package gateway

import (
	"encoding/json"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// tellGuild dispatches what changed about a guild itself, its roles and members.
func (s *session) tellGuild(change world.Change, send sender) error {
	switch e := change.(type) {
	case world.RoleMade:
		return s.toGuild(e.Guild, "GUILD_ROLE_CREATE", map[string]any{"guild_id": e.Guild, "role": e.Role}, send)
	case world.RoleChanged:
		return s.toGuild(e.Guild, "GUILD_ROLE_UPDATE", map[string]any{"guild_id": e.Guild, "role": e.Role}, send)
	case world.RoleDeleted:
		return s.toGuild(e.Guild, "GUILD_ROLE_DELETE", map[string]any{"guild_id": e.Guild, "role_id": e.Role}, send)
	case world.GuildChanged:
		return s.toGuild(e.Guild.ID, "GUILD_UPDATE", e.Guild, send)
	case world.MemberChanged:
		return s.tellMember(e, send)
	case world.GuildAvailable:
		return s.tellAvailable(e, send)
	case world.VoiceStatusChanged:
		if s.sees(e.Channel) {
			return s.toGuild(e.Guild, "VOICE_CHANNEL_STATUS_UPDATE",
				map[string]any{"id": e.Channel, "guild_id": e.Guild, "status": nullable(e.Status)}, send)
		}
	case world.ChannelInfoListed:
		channels := []map[string]any{}
		for id, status := range e.Status {
			channels = append(channels, map[string]any{"id": id, "status": status})
		}
		return send("CHANNEL_INFO", map[string]any{"guild_id": e.Guild, "channels": channels})
	}
	return nil
}

func (s *session) toGuild(guild discord.ID, name string, d any, send sender) error {
	if s.intents&intentGuilds == 0 || !s.in(guild) {
		return nil
	}
	return send(name, d)
}

// tellMember: a bot hears of itself without the members intent, too.
func (s *session) tellMember(e world.MemberChanged, send sender) error {
	if s.intents&intentMembers == 0 && e.Member.User.ID != s.app.User.ID || !s.in(e.Guild) {
		return nil
	}
	type updated struct {
		discord.Member
		GuildID discord.ID `json:"guild_id"`
	}
	return send("GUILD_MEMBER_UPDATE", updated{e.Member, e.Guild})
}

// tellAvailable: an outage looks like a removal but for its unavailable, its end
// like an arrival.
func (s *session) tellAvailable(e world.GuildAvailable, send sender) error {
	if !e.Available {
		return s.toGuild(e.Guild, "GUILD_DELETE", map[string]any{"id": e.Guild, "unavailable": true}, send)
	}
	full, err := s.world.FullGuild(s.app.User.ID, e.Guild)
	if err != nil || s.intents&intentGuilds == 0 {
		return nil //nolint:nilerr // thrown out meanwhile: nothing to tell
	}
	return send("GUILD_CREATE", full)
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// channelInfo is op 43: the fields of channels that no other object carries.
func (c *conn) channelInfo(one *session, d json.RawMessage) error {
	var in struct {
		GuildID discord.ID `json:"guild_id"`
		Fields  []string   `json:"fields"`
	}
	if err := json.Unmarshal(d, &in); err != nil {
		return refused(closeDecode, "Error while decoding payload")
	}
	if !one.serves(in.GuildID) || !one.in(in.GuildID) {
		return nil
	}
	list := c.server.world.VoiceStatuses(one.app.User.ID, in.GuildID)
	c.server.world.Emit(world.ChannelInfoListed{Session: one.id, Guild: in.GuildID, Status: list})
	return nil
}
