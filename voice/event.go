package voice

import "busker/internal/snowflake"

// EventKind says what became of a connection.
type EventKind uint8

// The kinds of Event.
const (
	// Connected: audio flows in Channel, for the first time or again.
	Connected EventKind = iota + 1
	// Moved: we are in another channel than before, and audio flows there now or in
	// a moment.
	Moved
	// Interrupted: audio does not flow and we are working on it; Err says why.
	// Packets wait in the connection meanwhile.
	Interrupted
	// Disconnected: we are out and stay out until the next Join; Err says why. A
	// call ended by Leave, and a Join that failed, send no event.
	Disconnected
)

var eventNames = [...]string{"none", "connected", "moved", "interrupted", "disconnected"}

// String returns the kind's name.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return eventNames[0]
}

// Event is what happened to the connection of a guild without being asked for.
type Event struct {
	Guild   snowflake.ID
	Channel snowflake.ID // where we are; with Disconnected, where we were
	Kind    EventKind
	Err     error // with Interrupted and Disconnected
}
