// Package player plays one guild's queue into one voice connection.
//
// It knows commands, tracks, blocks and packets; it knows neither where audio
// comes from (an Opener does) nor how it reaches Discord (an Output does). All
// its goroutines are children of Manager.Run: per guild one that owns queue and
// state and one that pumps frames, and per open track one that reads it.
// Positions are media time; one frame is 20 ms.
package player

import (
	"context"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/snowflake"
	"busker/track"
)

// GuildID names the guild a player plays for.
type GuildID = snowflake.ID

// Doer carries out commands. Manager is one.
type Doer interface {
	// Do carries out c in guild and returns the Status right after it. The error
	// says why nothing was changed, but for ErrUnkept. When ctx ends first, c may still be
	// carried out.
	Do(ctx context.Context, guild GuildID, c Command) (Status, error)
}

// Opener opens the audio of tracks.
type Opener interface {
	// Open returns a Reader whose first frame is at the given time of t. The end
	// of ctx ends Open and every wait of the Reader. A Reader may do more than one
	// must: see audio.PacketReader, audio.Ending, audio.Waiting, Prepared and Made.
	Open(ctx context.Context, t track.Track, at time.Duration, how How) (audio.Reader, error)
}

// How says what a guild will do to a track, as far as that is known when it is opened.
type How struct {
	Plain    bool         // nothing: its packets will be passed on as they are
	Settings dsp.Settings // filters; zero when Plain
	Bitrate  int          // of the guild's encoder, in bit/s; 0 = not known
}

// Prepared is a Reader whose sound was made for several guilds at once.
type Prepared interface {
	// Prepared returns the filters it went through already, which the player leaves out.
	// When the guild wants others the player opens the track anew.
	Prepared() dsp.Settings
}

// Made is a Reader that knows where its packets are encoded.
type Made interface {
	// Made reports whether that is in this process, for all who play the same, and
	// whether it was begun for this Reader, which is then the one that costs something.
	Made() (here, first bool)
}

// LoudnessMemory remembers how loud tracks are that do not say so themselves. It may
// be used from any goroutine, and must not wait.
type LoudnessMemory interface {
	// Recall returns what was remembered of a track with the same content.
	Recall(t track.Track) (track.Loudness, bool)
	// Remember keeps what was measured while t was played from its beginning to its end.
	Remember(t track.Track, l track.Loudness)
}

// Output takes packets at the pace they are heard. One player uses it at a time.
type Output interface {
	// Join goes into a voice channel, or moves there, and returns once packets
	// can be sent. After an error the Output is where it was before.
	Join(ctx context.Context, channel snowflake.ID) error
	// Await waits until at most half of the ring of packets is unsent and returns how
	// many more fit now, at least one. The one error a player expects is that ctx has
	// ended, any other means that the Output has left its channel.
	Await(ctx context.Context) (room int, err error)
	// Send takes ownership of p and never waits. It fails when the ring is full or the
	// Output has left its channel; p is not in the ring then.
	Send(p *audio.Packet) error
	// Flush drops the packets that are queued and unsent and returns how many.
	Flush() int
	// Sent counts the packets really sent. It never goes back; it may be called
	// from any goroutine.
	Sent() uint64
	// Leave goes out of the channel.
	Leave(ctx context.Context) error
	// Abandon ends the connection without a word to Discord, for the guild is another
	// process's. It does not wait; a Join after it makes another connection.
	Abandon()
	// Health tells how the connection is. It never waits; it may be called from any
	// goroutine.
	Health() Health
}

// Health is how an Output's connection was at one moment.
type Health struct {
	Connected bool   // packets flow
	Encrypted bool   // end to end, so that only those in the call can hear them
	Epoch     uint64 // of the call's keys, which change when somebody comes or goes; 0 = none
	Members   int    // who shares the keys, ourselves included

	LastReconnect time.Time // when packets flowed again after the newest trouble; zero = there was none
	// Cause is what the trouble is, or was last: a few words of a closed set, and
	// after a colon the error. Empty = there was none.
	Cause   string
	Resumes uint64 // signalling connections replaced without a gap in the sound
	Rejoins uint64 // connections replaced as a whole

	Late                     uint64        // packets sent more than one frame after their time
	LatenessP50, LatenessP99 time.Duration // of the last seconds' packets
	Ping                     time.Duration // to the voice server; 0 = not measured yet
}

// OutputEvent is something that happened to an Output without being asked for.
type OutputEvent struct {
	Kind    OutputEventKind
	Channel snowflake.ID // where the Output is now; for OutputDisconnected where it was; 0 = not known
	Err     error        // for OutputInterrupted and OutputDisconnected: why, when that is known
}

// OutputEventKind says what happened.
type OutputEventKind uint8

// The kinds.
const (
	OutputConnected    OutputEventKind = iota // packets flow, for the first time or again
	OutputMoved                               // somebody moved us to another channel
	OutputInterrupted                         // the connection is being restored; Await waits
	OutputDisconnected                        // put out of the channel, or the connection is gone for good
	OutputAltered                             // the channel may want another bitrate than before
)

var outputEventNames = [...]string{"connected", "moved", "interrupted", "disconnected", "altered"}

// String returns the kind as one word.
func (k OutputEventKind) String() string { return nameOf(outputEventNames[:], k) }
