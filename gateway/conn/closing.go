package conn

import (
	"errors"
	"fmt"

	"github.com/coder/websocket"

	"busker/internal/fault"
)

// Close codes that matter here (Discord docs, "Gateway Close Event Codes"). After all
// others the session can be resumed, or Discord says by op 9 that it cannot.
const (
	closeAuthentication    = 4004
	closeInvalidSeq        = 4007 // a new session
	closeSessionTimeout    = 4009 // a new session
	closeInvalidShard      = 4010
	closeShardingRequired  = 4011
	closeInvalidVersion    = 4012
	closeInvalidIntents    = 4013
	closeDisallowedIntents = 4014

	// What we close with. 1000 and 1001 end the session, and with it the bot's voice
	// states; every other code keeps it for a resume, for a few minutes.
	closeFinal     = 1000
	closeResumable = 4200
)

// fatal says what to tell the operator about close codes after which connecting
// again is no use.
var fatal = map[int]fault.Term{
	closeAuthentication:    "Discord refused the token. Copy the bot's token again from the Discord developer portal (Bot, Reset Token).",
	closeInvalidShard:      "Discord refused the shard number: the number of shards makes no sense. Configure another one, or 0 to let Discord choose.",
	closeShardingRequired:  "The bot is in too many servers for so few shards. Configure more shards, or 0 to let Discord choose.",
	closeInvalidVersion:    "Discord no longer speaks this version of its gateway. Update Busker.",
	closeInvalidIntents:    "Discord refused the gateway intents. Update Busker.",
	closeDisallowedIntents: "Discord does not allow this bot the gateway intents it asked for.",
}

// fatalError is a refusal no reconnect can mend.
type fatalError struct {
	code int
	err  error
}

// Refused is the error of a token that Discord refuses, however that was noticed.
func Refused(err error) error { return fatalError{closeAuthentication, err} }

// TooFewShards reports whether Discord wants more shards for so many guilds.
func TooFewShards(err error) bool {
	var e fatalError
	return errors.As(err, &e) && e.code == closeShardingRequired
}

// OfShard reports whether Discord refuses the shard, and not the bot: others may go on.
func OfShard(err error) bool {
	var e fatalError
	return errors.As(err, &e) && (e.code == closeInvalidShard || e.code == closeShardingRequired)
}

// Error names the code.
func (e fatalError) Error() string {
	return fmt.Sprintf("discord gateway closed with %d: %v", e.code, e.err)
}

// Unwrap makes the refusal a fault the operator can read.
func (e fatalError) Unwrap() error {
	kind := fault.Invalid
	if e.code == closeAuthentication {
		kind = fault.Denied
	}
	return fault.Wrap(kind, string(fatal[e.code]), e.err)
}

// closeCode returns the code in Discord's close frame, 0 when there was none.
func closeCode(err error) int {
	var c websocket.CloseError
	if errors.As(err, &c) {
		return int(c.Code)
	}
	return 0
}
