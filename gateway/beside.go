package gateway

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"busker/gateway/conn"
	"busker/internal/snowflake"
)

// concerns decides, while two sets of shards are connected, whether an event of this
// shard's is read: a guild's count on the shard that serves it, and those of a set that
// waits are collected. Interactions and messages are read on both, and told once.
func (s *shard) concerns(e conn.Event) bool {
	if e.Type == "READY" || e.Type == "RESUMED" || !s.h.Active() {
		return true
	}
	guild := guildIn(e)
	by := s.g.fleet.Of(guild)
	switch {
	case by == s.h:
		return true
	case e.Type == "INTERACTION_CREATE", e.Type == "MESSAGE_CREATE":
		return by != nil || !s.g.fleet.serving(guild) // who serves it hears of it, too
	case by != nil, e.Type == "VOICE_SERVER_UPDATE":
		return false
	case e.Type == "VOICE_STATE_UPDATE" && s.passing(e.Data):
		return false
	}
	return true // the next owner has not begun: people still get answers here
}

// late is what a shard that waits beside another set is told at a time.
type late struct {
	at   time.Time
	tell func()
}

const (
	// lateTime is how long that is kept: as long as the lease of a lost process lives, and a
	// while. Discord takes no answers to what is older.
	lateTime = 5 * time.Second
	// mostLate is how much is kept at most; the oldest gives way.
	mostLate = 2048
)

// later keeps what people did while the shard waits: the shard that serves their guild
// hears of it, too, unless it ends that moment. The caller holds the gateway's turn.
func (s *shard) later(tell func()) {
	now := time.Now()
	old := slices.IndexFunc(s.late, func(l late) bool { return now.Sub(l.at) <= lateTime })
	switch {
	case old < 0:
		s.late = s.late[:0]
	case old > 0 || len(s.late) >= mostLate:
		s.late = slices.Delete(s.late, 0, max(old, 1))
	}
	s.late = append(s.late, late{now, tell})
}

// tellLate tells what came last before the shard began.
func (s *shard) tellLate() {
	now := time.Now()
	for _, l := range s.late {
		if now.Sub(l.at) <= lateTime {
			l.tell()
		}
	}
	s.late = nil
}

// guildIn reads of which guild an event is, 0 for one of none: the first shard has those.
func guildIn(e conn.Event) snowflake.ID {
	var in struct {
		ID    snowflake.ID `json:"id"`
		Guild snowflake.ID `json:"guild_id"`
	}
	_ = json.Unmarshal(e.Data, &in) // what cannot be read is of no guild
	if in.Guild == 0 && strings.HasPrefix(e.Type, "GUILD_") {
		return in.ID
	}
	return in.Guild
}

// passing takes the bot's own voice state in a guild that another process serves from now
// on, and reports whether it is that: once the bot is in by a session of that one's, ours
// is needed no more.
func (s *shard) passing(d json.RawMessage) bool {
	var v struct {
		Guild   snowflake.ID `json:"guild_id"`
		Channel snowflake.ID `json:"channel_id"`
		User    snowflake.ID `json:"user_id"`
		Session string       `json:"session_id"`
	}
	if json.Unmarshal(d, &v) != nil || v.User != s.g.UserID() {
		return false
	}
	s.cache().setVoice(VoiceState{Guild: v.Guild, Channel: v.Channel, User: v.User, SessionID: v.Session, Self: true}, seat{})
	return true
}
