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

// Mode says how the sound of a track reaches the Output.
type Mode uint8

// The modes.
const (
	ModeNone        Mode = iota
	ModePassthrough      // the origin's packets are sent as they are
	ModeShared           // packets made once for several guilds, or kept from an earlier play
	ModeEncoding         // decoded or read as PCM, and encoded for this guild alone
)

var modeNames = [...]string{"none", "passthrough", "shared", "encoding"}

// String returns the mode as one word.
func (m Mode) String() string { return nameOf(modeNames[:], m) }

// Status is how a player was at one moment. It never changes and may be shared;
// the slices in it must not be written to.
type Status struct {
	State   State
	Channel snowflake.ID // 0 = in none
	Stay    bool         // it stays there when there is nothing to play
	Held    bool         // nobody listens, and the track waits for somebody; State is StatePaused

	Voice       Health // of the connection to Channel; zero when there is none
	Interrupted bool   // the connection is being restored, and meanwhile time stands still

	// The current track, zero when State is StateIdle or StateJoining.
	ItemID    uint64 // 0 = none
	Track     track.Track
	Requester queue.UserID
	Position  time.Duration // as far as packets were sent, not as far as they were made
	Length    time.Duration // 0 = unknown or endless

	Volume      int // percent
	Filters     dsp.Settings
	Effects     []dsp.Part    // the presets Filters were mixed of
	Normalise   bool          // tracks are brought to the same loudness
	Crossfade   time.Duration // from track to track; 0 = none
	Loop        queue.Loop
	Fair        bool          // people take turns
	Queue       []*queue.Item // upcoming
	Upcoming    int           // how many; more than are in Queue only in an Event of another process
	QueueLength time.Duration // of the upcoming tracks whose length is known
	History     []*queue.Item // played before, newest first
	Undoable    queue.Op      // what Undo would take back; "" = nothing

	Outcome // of the command this Status is the answer to; zero in any other

	// How the current track is played at this moment, zero when there is none.
	Mode       Mode
	Gain       float64 // dB by which Normalise has turned it up
	Speed      float64 // seconds of the track per second
	Complexity int     // of the encoder, -1 = as it was made; 0 also when none works
	Bitrate    int     // of the encoder, in bit/s; 0 = not known

	SleepAt         time.Time // when the player stops by itself; zero = at no time
	SleepAfterTrack bool      // it stops after the current track

	LastError error // of the last track or seek that failed; nil once another track has started
}

// Outcome is what one command did to the queue.
type Outcome struct {
	Added   int           // tracks; they have the item IDs from First on
	First   uint64        // item ID of the first one added
	Dropped []*queue.Item // taken out of the queue
	Undone  queue.Op      // what Undo took back

	Repeated bool // it was carried out before, and this is what it did then: see WithCommandID
}

// Until estimates how long it takes until the upcoming track at an index begins, if all
// goes on as it is; see queue.Queue.Until.
func (s Status) Until(index int) (time.Duration, bool) {
	playing := s.ItemID != 0
	if playing && s.Loop == queue.Track {
		return 0, false
	}
	return queue.Until(s.Track, playing, s.Queue, index, queue.Now{Position: s.Position, Speed: s.Speed})
}
