// Package voice connects to Discord's voice servers and sends Opus packets there
// on time.
//
// It knows guilds and channels by id and gets its packets ready made: it never
// decodes, queues or chooses music, and it holds no connection to the main gateway;
// what it needs of that arrives through Shard and the Handle methods of Hub.
// Hub.Run runs every goroutine of the package: one for the pacer, a few for each
// guild in a call. Times are 20 ms frames (audio.FrameTime).
package voice

import (
	"context"
	"log/slog"

	"busker/internal/snowflake"
)

// Shard tells Discord where we want to be: the main gateway's op 4. Channel 0
// leaves. It may block while the shard's command limit is reached.
type Shard interface {
	SendVoiceState(ctx context.Context, guild, channel snowflake.ID, mute, deaf bool) error
}

// StateUpdate is the main gateway's VOICE_STATE_UPDATE.
type StateUpdate struct {
	Guild     snowflake.ID
	Channel   snowflake.ID // 0 when the user is in no channel any more
	User      snowflake.ID
	SessionID string
}

// ServerUpdate is the main gateway's VOICE_SERVER_UPDATE.
type ServerUpdate struct {
	Guild    snowflake.ID
	Token    string // a secret
	Endpoint string // host[:port]; empty when the server went away and none is allocated yet
}

// LogValue keeps the token out of the logs.
func (u ServerUpdate) LogValue() slog.Value {
	return slog.GroupValue(slog.Uint64("guild", uint64(u.Guild)),
		slog.String("token", "(secret)"), slog.String("endpoint", u.Endpoint))
}
