package session

import "busker/internal/snowflake"

// Card is where in a guild the bot speaks, and the message that shows what plays.
type Card struct {
	Guild   snowflake.ID
	Channel snowflake.ID // text channel
	Message snowflake.ID // 0 = there is none
	Serial  uint64       // in the ids of its buttons: tells it from every other card there ever was; at most 1<<63 - 1
}
