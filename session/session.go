// Package session is what of a guild's playback outlives the process: how it sounds,
// where it plays, and its queue.
//
// It knows values only and plays nothing: players hand changes to a Keeper, which
// writes those of all guilds to a Store in few transactions, and load them again after
// a restart. Keeper.Run is its goroutine, and starts one more that compacts.
package session

import (
	"context"
	"time"

	"busker/dsp"
	"busker/internal/snowflake"
	"busker/queue"
)

// Sound is what a guild has set for all it plays. It is kept for ever.
type Sound struct {
	Volume    int           `json:"volume"` // percent
	Filters   dsp.Settings  `json:"filters,omitzero"`
	Effects   []dsp.Part    `json:"effects,omitempty"` // what Filters were mixed of; never changed
	Normalise bool          `json:"normalise,omitempty"`
	Crossfade time.Duration `json:"crossfade,omitempty"`
	Loop      queue.Loop    `json:"loop,omitempty"`
	Fair      bool          `json:"fair,omitempty"`
	Stay      bool          `json:"stay,omitempty"` // 24/7: an idle player does not leave
}

// Place is where in a channel and in its queue a guild is. It is an anchor: while Speed is
// not 0 the position goes on from At, without anything being written.
type Place struct {
	Channel snowflake.ID `json:"channel,omitempty"` // voice channel to go back to after a restart; 0 = none
	Item    uint64       `json:"item,omitempty"`    // of the queue that is current; 0 = none

	Position time.Duration `json:"position,omitempty"` // in Item, at At
	Speed    float64       `json:"speed,omitempty"`    // seconds of the track per second; 0 = it stands still
	At       time.Time     `json:"at"`
	Process  string        `json:"process,omitempty"` // which plays it: see Store.Beat; the Keeper fills it in

	Playing bool `json:"playing,omitempty"` // Item was on, be it paused; else it waits for somebody to go on
	Paused  bool `json:"paused,omitempty"`  // by people
	Held    bool `json:"held,omitempty"`    // because nobody listened

	SleepAt         time.Time `json:"sleepAt,omitzero"` // when to stop; zero = not
	SleepAfterTrack bool      `json:"sleepAfterTrack,omitempty"`
}

// Change is what changed for one guild in one step. What is nil stayed as it was.
type Change struct {
	Guild snowflake.ID
	// Token is of the lease by which the guild is held: it grows with every new owner, and
	// a Store refuses what comes with an older one than it knows. 0 = from somebody who is
	// known to be the only one; it is never refused.
	Token uint64
	Sound *Sound
	Place *Place
	Queue []queue.Change // in the order of their Seq

	// State is all of the queue after Queue. Who keeps changes hands it over now and then,
	// so that the log of them can be replaced. Without Queue it takes the place of whatever
	// is kept, and must have a higher Seq than that. A Store ignores it.
	State *queue.State
	// Whole is a queue that takes the place of whatever is kept, before Queue goes on from
	// it, as Store.Compact does. The Keeper makes it of a State; others leave it nil.
	Whole *queue.State
	// Applied are the commands that led to all this, by N. They are kept if and only if the
	// rest of the Change is; only those that still are among the newest MaxApplied matter.
	Applied []Applied
	// Now tells where a Place with a Speed really is, for the Keeper to write another
	// anchor when that is not where it should be. Any goroutine may call it; nil = the
	// anchor holds, until Keeper.Drop. A Store ignores it.
	Now func() (position time.Duration, speed float64)
}

// Saved is what is kept of one guild.
type Saved struct {
	Found bool           // anything is kept
	Sound *Sound         // nil = the defaults
	Place Place          // times are exact to the millisecond at least
	Queue queue.State    // the newest that was kept whole; zero = none was
	Log   []queue.Change // all kept after Queue.Seq, by Seq
	Beat  time.Time      // when the process that Place.Process names last said it was there; zero = never

	Applied []Applied // the newest MaxApplied at most, by N
}

// Position is where Item was when its process was last heard of.
func (s Saved) Position() time.Duration {
	p := s.Place
	if p.Speed <= 0 || !s.Beat.After(p.At) {
		return p.Position
	}
	return p.Position + time.Duration(float64(s.Beat.Sub(p.At))*p.Speed)
}

// beatAge is how old the newest heartbeat of a process that plays can be when it is read:
// two intervals, and what saving takes.
const beatAge = 3 * DefaultHeartbeat

// Running is where Item is at now, when its process still plays it. That is reckoned by the
// clocks on two walls, as far as they agree with the heartbeat: with a clock that is wrong
// the position is by beatAge at most.
func (s Saved) Running(now time.Time) time.Duration {
	p := s.Place
	last := p.At
	if s.Beat.After(last) {
		last = s.Beat
	}
	since := min(max(now.Sub(last), 0), beatAge)
	return p.Position + time.Duration(float64(last.Add(since).Sub(p.At))*max(p.Speed, 0))
}

// Store keeps sessions. Its methods may be called from any goroutine, Save and Beat from
// one at a time; sessiontest proves an implementation.
type Store interface {
	// Load returns what is kept of a guild; when nothing is, Found is false and the
	// error nil.
	Load(ctx context.Context, guild snowflake.ID) (Saved, error)
	// Unfinished returns the guilds whose Place has a Channel, that with the newest
	// Place.At first.
	Unfinished(ctx context.Context) ([]snowflake.ID, error)
	// Take makes token the newest that is known of a guild: once it has returned, nothing
	// that comes with an older one is kept, not even what is being saved meanwhile. It
	// returns ErrFenced when a newer one is known already.
	Take(ctx context.Context, guild snowflake.ID, token uint64) error
	// Save keeps changes, all or none of them but for those of guilds of which a newer Token
	// is known: it returns these guilds, of which nothing with that Token was kept. A newer
	// Token than is known is taken. A guild may occur more than once, with the same Token.
	// What it costs depends on the changes and not on the queues they belong to. An error
	// may mean that they were kept nevertheless: the same changes may come again, and a
	// queue.Change whose Seq, or an Applied whose N is kept already is left as it is.
	Save(ctx context.Context, changes []Change) (fenced []snowflake.ID, err error)
	// Compact keeps state in place of the older State and all changes up to state.Seq.
	// Changes after it may be saved at the same time, and stay. A state that is not newer
	// than the one kept changes nothing. token is as in Change; ErrFenced says that it is
	// too old.
	Compact(ctx context.Context, guild snowflake.ID, token uint64, state queue.State) error
	// Beat says that a process was alive at a time. Processes not heard of for MaxSilence
	// may be forgotten.
	Beat(ctx context.Context, process string, at time.Time) error
}

// MaxSilence is how long a Store remembers when a process was last alive.
const MaxSilence = 30 * 24 * time.Hour
