package voiceserver

import "busker/internal/snowflake"

// silentKey is a user in a guild.
type silentKey struct{ guild, user snowflake.ID }

// Silence keeps what the user says in the guild from everybody, or lets it be heard
// again: they are muted by the server, or suppressed. Their client may go on
// sending; that breaks no rule.
func (s *Server) Silence(guild, user snowflake.ID, silent bool) {
	if silent {
		s.silent.Store(silentKey{guild, user}, true)
	} else {
		s.silent.Delete(silentKey{guild, user})
	}
}

func (s *Server) silenced(guild, user snowflake.ID) bool {
	_, silent := s.silent.Load(silentKey{guild, user})
	return silent
}
