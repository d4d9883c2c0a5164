package gateway

import (
	"encoding/json"

	"busker/gateway/conn"
	"busker/internal/snowflake"
)

// concerns decides, while two sets of shards are connected, whether an event of this
// shard's is read: a guild's count on the shard that serves it, and those of a set that
// waits are collected. Interactions and messages are read on both, and told once.
func (s *shard) concerns(e conn.Event) bool {
	switch e.Type {
	case "READY", "RESUMED", "INTERACTION_CREATE", "MESSAGE_CREATE":
		return true
	}
	if !s.h.Active() {
		return true
	}
	guild := guildIn(e)
	switch by := s.g.fleet.Of(guild); {
	case by == s.h:
		return true
	case by == nil && e.Type == "VOICE_STATE_UPDATE":
		s.passing(e.Data)
	}
	return false
}

// guildIn reads of which guild an event is.
func guildIn(e conn.Event) snowflake.ID {
	var in struct {
		ID    snowflake.ID `json:"id"`
		Guild snowflake.ID `json:"guild_id"`
	}
	_ = json.Unmarshal(e.Data, &in) // what cannot be read is of no guild
	if in.Guild == 0 {
		return in.ID
	}
	return in.Guild
}

// passing takes a voice state of a guild that another process serves from now on: once
// the bot is in by a session of that one's, ours is needed no more.
func (s *shard) passing(d json.RawMessage) {
	var v struct {
		Guild   snowflake.ID `json:"guild_id"`
		Channel snowflake.ID `json:"channel_id"`
		User    snowflake.ID `json:"user_id"`
		Session string       `json:"session_id"`
	}
	if json.Unmarshal(d, &v) == nil && v.User == s.g.UserID() {
		s.cache().setVoice(VoiceState{Guild: v.Guild, Channel: v.Channel, User: v.User, SessionID: v.Session, Self: true}, seat{})
	}
}
