package player

import (
	"time"

	"busker/dsp"
	"busker/internal/snowflake"
	"busker/queue"
)

// Event is something that happened to a player. The set is closed.
type Event interface {
	event() string // name of the event as a log attribute
}

// Envelope is an Event, where it happened, and the Status right after it.
type Envelope struct {
	Guild  GuildID
	Event  Event
	Status Status
}

// TrackStarted says that the first packet of a track was sent. Every TrackStarted is
// followed by exactly one TrackEnded of the same item.
type TrackStarted struct{ Item queue.Item }

// TrackEnded says that nothing more of a track that had started will be heard. For
// EndFinished that is when its last packet was sent.
type TrackEnded struct {
	Item   queue.Item
	Reason EndReason
}

// EndReason says why a track ended.
type EndReason uint8

// The reasons.
const (
	EndFinished EndReason = iota // it was heard to its end
	EndSkipped
	EndStopped
	EndFailed // TrackFailed says why
	EndLeft   // the player left its channel, or was put out of it
)

var endNames = [...]string{"finished", "skipped", "stopped", "failed", "left"}

// String returns the reason as one word.
func (r EndReason) String() string { return nameOf(endNames[:], r) }

// TrackFailed says that a track cannot be played, or not to its end. fault.Message of Err
// may be shown to people. The player goes on with the next track.
type TrackFailed struct {
	Item queue.Item
	Err  error
}

// TrackStuck says that nothing of a track has come for Silent, and nobody hears anything.
// The player waits on until Options.StuckTimeout.
type TrackStuck struct {
	Item   queue.Item
	Silent time.Duration
}

// GaveUp says that too many tracks in a row failed. The player stopped; the rest of the
// queue is kept and Resume or Play goes on with it.
type GaveUp struct {
	Failures int
	Err      error // of the last one
}

// QueueEnded says that the last track is over and none is left.
type QueueEnded struct{}

// Paused says that the track is held.
type Paused struct{}

// Resumed says that the track goes on.
type Resumed struct{}

// Seeked says that the track goes on at another time.
type Seeked struct{ At time.Duration }

// SeekFailed says that the track cannot be played from At. It goes on where it was
// before. fault.Message of Err may be shown to people.
type SeekFailed struct {
	Item queue.Item
	At   time.Duration
	Err  error
}

// VolumeChanged carries the new volume.
type VolumeChanged struct{ Percent int }

// FiltersChanged carries the new filters.
type FiltersChanged struct{ Settings dsp.Settings }

// CrossfadeChanged carries the new time, 0 for none.
type CrossfadeChanged struct{ Duration time.Duration }

// NormaliseChanged says whether tracks are brought to the same loudness from now on.
type NormaliseChanged struct{ On bool }

// QueueChanged says that the upcoming tracks changed by a command.
type QueueChanged struct{ Kind queue.Op }

// FairChanged says whether people take turns from now on.
type FairChanged struct{ On bool }

// LoopChanged carries the new loop mode.
type LoopChanged struct{ Mode queue.Loop }

// Interrupted says that nothing is heard because the connection to the channel is being
// restored. The track stands still; Reconnected, Moved or Left follows.
type Interrupted struct{ Err error } // why, when that is known

// Reconnected says that the track goes on where it stood.
type Reconnected struct{ After time.Duration }

// Joined says that the player came into a channel from none.
type Joined struct{ Channel snowflake.ID }

// Moved says that the player is in another channel than before.
type Moved struct{ From, To snowflake.ID }

// Left says that the player is in no channel any more.
type Left struct {
	Channel snowflake.ID
	Reason  LeaveReason
	Err     error // for LeaveDisconnected: why, when that is known
}

// LeaveReason says why a player left.
type LeaveReason uint8

// The reasons.
const (
	LeaveAsked        LeaveReason = iota
	LeaveDisconnected             // somebody put us out, or the connection is gone for good
	LeaveIdle                     // nothing to play for Options.IdleTimeout
	LeaveShutdown
	LeaveSlept // the time of Sleep had come
	LeaveAlone // nobody listened
)

var leaveNames = [...]string{"asked", "disconnected", "idle", "shutdown", "slept", "alone"}

// String returns the reason as one word.
func (r LeaveReason) String() string { return nameOf(leaveNames[:], r) }

// ReturnFailed says that the guild does not go back to where it was before a restart. The
// queue waits. fault.Message of Err may be shown to people.
type ReturnFailed struct {
	Channel snowflake.ID
	Err     error
}

// HeldChanged says whether the track is held because nobody listens.
type HeldChanged struct{ On bool }

// StayChanged says whether an idle player stays in its channel.
type StayChanged struct{ On bool }

// SleepChanged says when the player will stop by itself; zero = it will not.
type SleepChanged struct {
	At         time.Time
	AfterTrack bool
}

// Slept says that it did. Left follows unless Stay is on.
type Slept struct{}

// Idle says that there was nothing to play for Options.IdleTimeout; Left follows.
type Idle struct{}

func (TrackStarted) event() string     { return "track started" }
func (TrackEnded) event() string       { return "track ended" }
func (TrackFailed) event() string      { return "track failed" }
func (TrackStuck) event() string       { return "track stuck" }
func (GaveUp) event() string           { return "gave up" }
func (QueueEnded) event() string       { return "queue ended" }
func (Paused) event() string           { return "paused" }
func (Resumed) event() string          { return "resumed" }
func (Seeked) event() string           { return "seeked" }
func (SeekFailed) event() string       { return "seek failed" }
func (VolumeChanged) event() string    { return "volume changed" }
func (FiltersChanged) event() string   { return "filters changed" }
func (CrossfadeChanged) event() string { return "crossfade changed" }
func (NormaliseChanged) event() string { return "normalise changed" }
func (QueueChanged) event() string     { return "queue changed" }
func (FairChanged) event() string      { return "fair changed" }
func (LoopChanged) event() string      { return "loop changed" }
func (Interrupted) event() string      { return "interrupted" }
func (Reconnected) event() string      { return "reconnected" }
func (Joined) event() string           { return "joined" }
func (Moved) event() string            { return "moved" }
func (Left) event() string             { return "left" }
func (Idle) event() string             { return "idle" }

func (ReturnFailed) event() string { return "return failed" }
func (HeldChanged) event() string  { return "held changed" }
func (StayChanged) event() string  { return "stay changed" }
func (SleepChanged) event() string { return "sleep changed" }
func (Slept) event() string        { return "slept" }

// nameOf returns the word for one of a closed set.
func nameOf[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "unknown"
}
