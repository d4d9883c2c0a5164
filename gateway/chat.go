package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"busker/internal/snowflake"
)

func (s *shard) onMessage(raw json.RawMessage) {
	tell := s.g.opts.OnMessage
	if m, ok := readMessage(raw); ok && tell != nil {
		s.once(m.ID, func() { tell(m) })
	}
}

// readMessage reads no more of a message than where it is: discordgo cannot read all
// that messages consist of.
func readMessage(raw json.RawMessage) (Message, bool) {
	var m struct {
		ID      snowflake.ID `json:"id"`
		Channel snowflake.ID `json:"channel_id"`
		Guild   snowflake.ID `json:"guild_id"`
	}
	err := json.Unmarshal(raw, &m)
	return Message{Guild: m.Guild, Channel: m.Channel, ID: m.ID}, err == nil && m.Guild != 0
}

// onStatus takes a VOICE_CHANNEL_STATUS_UPDATE: the line under a voice channel's name.
func (s *shard) onStatus(raw json.RawMessage) {
	var line struct {
		Channel snowflake.ID `json:"id"`
		Guild   snowflake.ID `json:"guild_id"`
		Status  string       `json:"status"` // null is none
	}
	if json.Unmarshal(raw, &line) != nil {
		return
	}
	s.cache().setStatus(line.Guild, line.Channel, line.Status)
	s.changed(line.Guild)
}

// onChannelInfo takes a CHANNEL_INFO, the answer to AskStatus.
func (s *shard) onChannelInfo(raw json.RawMessage) {
	var info struct {
		Guild    snowflake.ID `json:"guild_id"`
		Channels []struct {
			ID     snowflake.ID `json:"id"`
			Status string       `json:"status"`
		} `json:"channels"`
	}
	if json.Unmarshal(raw, &info) != nil {
		return
	}
	all := map[snowflake.ID]string{}
	for _, ch := range info.Channels {
		all[ch.ID] = ch.Status
	}
	s.cache().setAllStatus(info.Guild, all)
	s.changed(info.Guild)
}

// opChannelInfo is gateway opcode 43, which asks for what no other object carries.
const opChannelInfo = 43

// AskStatus asks Discord for the lines under the names of a guild's voice channels, which
// ChannelInfo has from then on. It waits for the guild's shard and its command budget.
func (g *Gateway) AskStatus(ctx context.Context, guild snowflake.ID) error {
	s, err := g.shardOf(ctx, guild)
	if err != nil {
		return fmt.Errorf("ask for the status of channels: %w", err)
	}
	type payload struct {
		Guild  snowflake.ID `json:"guild_id"`
		Fields []string     `json:"fields"`
	}
	if err := s.send(ctx, opChannelInfo, payload{guild, []string{"status"}}); err != nil {
		return fmt.Errorf("ask for the status of channels: %w", err)
	}
	return nil
}
