package player

import (
	"time"

	"busker/dsp"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/track"
)

// Command is one thing a guild can ask of its player. The set is closed.
type Command interface {
	command() string // name of the command as a metric label and log attribute
}

// Play adds tracks to the queue and starts playing when nothing plays. A player
// without anything to play first joins Channel; when that fails nothing is added
// and Do returns the reason. A playing player stays where it is.
type Play struct {
	Tracks    []track.Track // at least one
	Requester queue.UserID
	Channel   snowflake.ID // voice channel of whoever asks; 0 = stay in the present one
	Where     queue.Where  // zero = the end of the queue, in fair mode the requester's turn
	PerUser   int          // most upcoming tracks of one requester; 0 = no limit
	Partial   bool         // add the first that fit when not all do
	Now       bool         // add them as the next, whatever Where says, and skip to the first
}

// Add is Play for a player that already is in a channel.
type Add struct {
	Tracks    []track.Track // at least one
	Requester queue.UserID
	Where     queue.Where
	PerUser   int
	Partial   bool
	Now       bool
}

// Join goes to a voice channel, or moves to it and goes on playing there.
type Join struct{ Channel snowflake.ID }

// Leave stops, empties the queue and goes out of the voice channel. How the guild wants
// its tracks to sound is kept.
type Leave struct {
	// Alone says that nobody is there to listen: the queue and the place in the track are
	// kept, and Join or Play goes on with them.
	Alone bool
}

// Pause holds the current track. Pausing what is paused changes nothing.
type Pause struct{}

// Resume goes on from the very frame Pause held. It also starts a queue that was
// given up on after too many failures. Resuming what plays changes nothing.
type Resume struct{}

// Skip ends the current track, and Count-1 upcoming ones, and goes on with the
// next, even when the current one loops or is paused.
type Skip struct{ Count int } // 0 = 1

// Jump skips to an upcoming track.
type Jump struct {
	Index int    // counted from 0; does not count when Item is set
	Item  uint64 // ID of the item, which others cannot have moved meanwhile; 0 = the one at Index
}

// Previous goes back to the track before the current one, which becomes the next.
type Previous struct{}

// Replay plays the current track from its beginning.
type Replay struct{}

// Stop ends the current track and empties the queue; the player stays in its channel.
type Stop struct{}

// Seek goes to a time of the current track, which must be seekable.
type Seek struct{ At time.Duration }

// SeekBy goes forward in the current track, or back when Delta is negative, at most to
// its beginning.
type SeekBy struct{ Delta time.Duration }

// Volume glides to a new volume, heard within one ring of the Output.
type Volume struct{ Percent int } // 0..MaxVolume, 100 = as recorded

// Filters glides to other filters, heard within one ring of the Output. The zero
// Settings switch all off.
type Filters struct {
	Settings dsp.Settings
	Effects  []dsp.Part // the presets Settings were mixed of, for Status; nil = none
}

// Crossfade sets how long one track fades into the next. Tracks that follow each other
// on one album do not fade, nor do live streams; short tracks fade for half their length
// at most.
type Crossfade struct{ Duration time.Duration } // 0..MaxCrossfade; 0 = not at all

// Normalise brings all tracks to the same loudness, -14 LUFS, or leaves them as they are.
type Normalise struct{ On bool }

// Shuffle puts the upcoming tracks into random order, in fair mode each person's.
type Shuffle struct{}

// Loop sets what comes after the end of a track.
type Loop struct{ Mode queue.Loop }

// Fair has people take turns, or plays what comes first.
type Fair struct{ On bool }

// Remove takes one upcoming track out of the queue.
type Remove struct {
	Index int    // counted from 0; does not count when Item is set
	Item  uint64 // ID of the item; 0 = the one at Index
}

// RemoveRange takes the upcoming tracks From to To out of the queue.
type RemoveRange struct{ From, To int } // counted from 0, both included

// RemoveBy takes out all upcoming tracks that Users asked for, if any.
type RemoveBy struct{ Users []queue.UserID }

// RemoveExcept takes out all upcoming tracks that others than Users asked for, if any:
// those of people who are absent, when Users are all who are present.
type RemoveExcept struct{ Users []queue.UserID }

// RemoveDuplicates leaves the first of each upcoming track, or none when it plays now.
type RemoveDuplicates struct{}

// Move puts an upcoming track to another place.
type Move struct {
	From, To int    // counted from 0; From does not count when Item is set
	Item     uint64 // ID of the item; 0 = the one at From
}

// Clear empties the queue; the current track plays on.
type Clear struct{}

// Look changes nothing. It is for whoever wants the Status of a guild that has no player:
// what is kept of it.
type Look struct{}

// Undo takes back what Status.Undoable names; see queue.Queue.Undo.
type Undo struct{}

// MaxVolume is the loudest Volume, in percent: +6 dB.
const MaxVolume = 200

// MaxCrossfade is the longest Crossfade.
const MaxCrossfade = 12 * time.Second

// Sleep stops at a time, fading out before it, or after the current track. The queue is
// kept. The player leaves its channel unless Stay is on. The zero Sleep takes it back.
type Sleep struct {
	At         time.Time // zero = at no time
	AfterTrack bool
}

// Stay makes an idle player stay in its channel, around the clock and across restarts.
type Stay struct{ On bool }

// Hold holds the current track while nobody listens, and lets it go on. It is independent
// of Pause: what people paused stays paused. It ends with the track's stop, and Resume ends
// it, too. Whoever gives it must look again when a player comes into a channel, for it
// survives a restart.
type Hold struct{ On bool }

// Return goes back to the channel the guild was in when the process ended, and goes on
// where its track was; a live stream goes on now. What was paused stays paused. A player
// that is in a channel, or has none to go back to, stays as it is: people were faster.
// When the channel is gone or must not be entered, the queue stays and Return is over with
// ReturnFailed.
type Return struct {
	Last bool // it will not be tried again: ReturnFailed also when the way may be free after the next start
	// Running: another process plays on until it is replaced by us: go on where its sound
	// will be when ours begins, be that in a later track of the queue.
	Running bool
}

// Forget takes a person off all that the queue knows, what was played and what Undo brings
// back included. Their tracks stay, as if nobody had asked for them.
type Forget struct{ User queue.UserID }

func (Play) command() string             { return "play" }
func (Add) command() string              { return "add" }
func (Join) command() string             { return "join" }
func (Leave) command() string            { return "leave" }
func (Pause) command() string            { return "pause" }
func (Resume) command() string           { return "resume" }
func (Skip) command() string             { return "skip" }
func (Jump) command() string             { return "jump" }
func (Previous) command() string         { return "previous" }
func (Replay) command() string           { return "replay" }
func (Stop) command() string             { return "stop" }
func (Seek) command() string             { return "seek" }
func (SeekBy) command() string           { return "seek_by" }
func (Volume) command() string           { return "volume" }
func (Filters) command() string          { return "filters" }
func (Crossfade) command() string        { return "crossfade" }
func (Normalise) command() string        { return "normalise" }
func (Shuffle) command() string          { return "shuffle" }
func (Loop) command() string             { return "loop" }
func (Fair) command() string             { return "fair" }
func (Remove) command() string           { return "remove" }
func (RemoveRange) command() string      { return "remove_range" }
func (RemoveBy) command() string         { return "remove_by" }
func (RemoveExcept) command() string     { return "remove_except" }
func (RemoveDuplicates) command() string { return "remove_duplicates" }
func (Move) command() string             { return "move" }
func (Clear) command() string            { return "clear" }
func (Sleep) command() string            { return "sleep" }
func (Stay) command() string             { return "stay" }
func (Hold) command() string             { return "hold" }
func (Return) command() string           { return "return" }
func (Look) command() string             { return "look" }
func (Forget) command() string           { return "forget" }
func (Undo) command() string             { return "undo" }
