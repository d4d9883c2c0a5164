package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// concerns keeps what a session of this shard and application may be told. It is
// called with the world locked.
func (s *session) concerns(c world.Change) bool {
	switch c := c.(type) {
	case world.GuildJoined:
		return s.serves(c.Guild)
	case world.GuildLeft:
		return s.serves(c.Guild)
	case world.ChannelMade:
		return s.serves(c.Channel.GuildID)
	case world.ChannelChanged:
		return s.serves(c.Channel.GuildID)
	case world.ChannelDeleted:
		return s.serves(c.Channel.GuildID)
	case world.RoleMade:
		return s.serves(c.Guild)
	case world.RoleChanged:
		return s.serves(c.Guild)
	case world.RoleDeleted:
		return s.serves(c.Guild)
	case world.MemberChanged:
		return s.serves(c.Guild)
	case world.GuildChanged:
		return s.serves(c.Guild.ID)
	case world.GuildAvailable:
		return s.serves(c.Guild)
	case world.VoiceStatusChanged:
		return s.serves(c.Guild)
	case world.ChannelInfoListed:
		return c.Session == s.id
	case world.MessageCreated:
		return s.hears(c.Message)
	case world.MessageEdited:
		return s.hears(c.Message)
	case world.MessageDeleted:
		return s.hears(c.Message)
	case world.VoiceMoved:
		return s.intents&intentVoiceStates != 0 && s.serves(c.State.GuildID)
	case world.VoiceServerAssigned:
		return c.User == s.app.User.ID && s.serves(c.Guild)
	case world.InteractionMade:
		return c.Interaction.ApplicationID == s.app.Application.ID && s.serves(c.Interaction.GuildID)
	case world.MembersListed:
		return c.Session == s.id
	}
	return false
}

func (s *session) hears(m discord.Message) bool {
	return s.intents&intentMessages != 0 && m.VisibleTo == 0 && s.serves(m.GuildID)
}

// tell dispatches a change, if the bot is in that guild and sees that channel.
func (s *session) tell(ctx context.Context, c *conn, change world.Change) error {
	me := s.app.User.ID
	send := func(name string, d any) error { return s.dispatch(ctx, c, name, d) }
	switch e := change.(type) {
	case world.RoleMade, world.RoleChanged, world.RoleDeleted, world.MemberChanged, world.GuildChanged,
		world.GuildAvailable, world.VoiceStatusChanged, world.ChannelInfoListed:
		return s.tellGuild(e, send)
	case world.GuildJoined:
		return s.tellJoined(e, send)
	case world.GuildLeft:
		return s.tellLeft(e, send)
	case world.ChannelMade:
		return s.tellChannel("CHANNEL_CREATE", e.Channel, send)
	case world.ChannelChanged:
		return s.tellChannel("CHANNEL_UPDATE", e.Channel, send)
	case world.ChannelDeleted:
		if s.intents&intentGuilds != 0 && s.in(e.Channel.GuildID) {
			return send("CHANNEL_DELETE", e.Channel)
		}
	case world.MessageCreated:
		return s.tellMessage("MESSAGE_CREATE", e.Message, send)
	case world.MessageEdited:
		return s.tellMessage("MESSAGE_UPDATE", e.Message, send)
	case world.MessageDeleted:
		if s.sees(e.Message.ChannelID) {
			return send("MESSAGE_DELETE", map[string]any{"id": e.Message.ID, "channel_id": e.Message.ChannelID, "guild_id": e.Message.GuildID})
		}
	case world.VoiceMoved:
		if s.in(e.State.GuildID) || e.State.UserID == me {
			return send("VOICE_STATE_UPDATE", e.State)
		}
	case world.VoiceServerAssigned:
		var endpoint *string
		if e.Endpoint != "" {
			endpoint = &e.Endpoint
		}
		return send("VOICE_SERVER_UPDATE", map[string]any{"token": e.Token, "guild_id": e.Guild, "endpoint": endpoint})
	case world.InteractionMade:
		return send("INTERACTION_CREATE", e.Interaction)
	case world.MembersListed:
		return send("GUILD_MEMBERS_CHUNK", map[string]any{
			"guild_id": e.Guild, "members": e.Members, "chunk_index": 0, "chunk_count": 1, "not_found": []string{}, "nonce": e.Nonce,
		})
	}
	return nil
}

type sender func(name string, d any) error

// in reports whether the bot is a member of the guild.
func (s *session) in(guild discord.ID) bool {
	_, err := s.world.Guild(s.app.User.ID, guild)
	return err == nil
}

func (s *session) sees(channel discord.ID) bool {
	return s.world.Permissions(s.app.User.ID, channel).Has(discord.ViewChannel)
}

func (s *session) tellJoined(e world.GuildJoined, send sender) error {
	if e.Member.User.ID == s.app.User.ID {
		if s.intents&intentGuilds == 0 {
			return nil
		}
		if full, err := s.world.FullGuild(s.app.User.ID, e.Guild); err == nil { // not thrown out again already
			return send("GUILD_CREATE", full)
		}
		return nil
	}
	if s.intents&intentMembers == 0 || !s.in(e.Guild) {
		return nil
	}
	type joined struct {
		discord.Member
		GuildID discord.ID `json:"guild_id"`
	}
	return send("GUILD_MEMBER_ADD", joined{e.Member, e.Guild})
}

func (s *session) tellLeft(e world.GuildLeft, send sender) error {
	if e.User.ID == s.app.User.ID {
		if s.intents&intentGuilds == 0 {
			return nil
		}
		return send("GUILD_DELETE", map[string]any{"id": e.Guild})
	}
	if s.intents&intentMembers == 0 || !s.in(e.Guild) {
		return nil
	}
	return send("GUILD_MEMBER_REMOVE", map[string]any{"guild_id": e.Guild, "user": e.User})
}

func (s *session) tellChannel(name string, c discord.Channel, send sender) error {
	if s.intents&intentGuilds == 0 || !s.sees(c.ID) {
		return nil
	}
	return send(name, c)
}

// tellMessage hides the content of other people's messages from bots without the
// message content intent, unless they are mentioned.
func (s *session) tellMessage(name string, m discord.Message, send sender) error {
	if !s.sees(m.ChannelID) {
		return nil
	}
	mentioned := slices.ContainsFunc(m.Mentions, func(u discord.User) bool { return u.ID == s.app.User.ID })
	if s.intents&intentMessageContent == 0 && m.Author.ID != s.app.User.ID && !mentioned {
		m.Content, m.Attachments, m.Embeds, m.Components = "", []discord.Attachment{}, []discord.Embed{}, []discord.Component{}
	}
	return send(name, m)
}

// members is op 8: the members asked for, in one chunk. All members or a name
// need the members intent, ids do not.
func (c *conn) members(one *session, d json.RawMessage) error {
	var in struct {
		GuildID discord.ID      `json:"guild_id"`
		Query   *string         `json:"query"`
		Limit   int             `json:"limit"`
		UserIDs json.RawMessage `json:"user_ids"`
		Nonce   string          `json:"nonce"`
	}
	if err := json.Unmarshal(d, &in); err != nil {
		return refused(closeDecode, "Error while decoding payload")
	}
	full, _ := c.server.world.FullGuild(one.app.User.ID, in.GuildID)
	if full.ID == 0 { // not a guild of the bot: Discord says nothing
		return nil
	}
	wanted := func(m discord.Member) bool {
		if in.Query == nil {
			return strings.Contains(string(in.UserIDs), `"`+m.User.ID.String()+`"`)
		}
		return one.intents&intentMembers != 0 && strings.HasPrefix(strings.ToLower(m.User.Username), strings.ToLower(*in.Query))
	}
	list := slices.DeleteFunc(full.Members, func(m discord.Member) bool { return !wanted(m) })
	if in.Limit > 0 {
		list = list[:min(in.Limit, len(list))]
	}
	c.server.world.Emit(world.MembersListed{Session: one.id, Guild: in.GuildID, Members: list, Nonce: in.Nonce})
	return nil
}
