package player

import (
	"time"

	"busker/dsp"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/track"
)

// State says what a player does.
type State uint8

// The states.
const (
	StateIdle    State = iota // nothing to play; in a channel or in none
	StateJoining              // on the way into a channel
	StatePlaying              // a track plays, or is about to once it is open
	StatePaused
)

var stateNames = [...]string{"idle", "joining", "playing", "paused"}

// String returns the state as one word.
func (s State) String() string { return nameOf(stateNames[:], s) }

// Status is how a player was at one moment. It never changes and may be shared;
// the slices in it must not be written to.
type Status struct {
	State   State
	Channel snowflake.ID // 0 = in none

	Voice       Health // of the connection to Channel; zero when there is none
	Interrupted bool   // the connection is being restored, and meanwhile time stands still

	// The current track, zero when State is StateIdle or StateJoining.
	ItemID    uint64 // 0 = none
	Track     track.Track
	Requester queue.UserID
	Position  time.Duration // as far as packets were sent, not as far as they were made
	Length    time.Duration // 0 = unknown or endless

	Mode        Mode // how the sound is made now
	Volume      int  // percent
	Filters     dsp.Settings
	Effects     []dsp.Part // the presets Filters were mixed of; nil where they were not
	Loop        queue.Loop
	Queue       []queue.Item  // upcoming
	QueueLength time.Duration // of the upcoming tracks whose length is known

	LastError error // of the last track or seek that failed; nil once another track has started
}
