package player

import (
	"sync"

	"busker/internal/snowflake"
	"busker/session"
)

// inbox carries what happened on other goroutines to the player's own. Posting
// never waits, so that neither the pump nor an Output can be held up, or lock up
// with a player that waits for them. Every note names the segment, turn or join
// it is about: one that is history by the time it is read is dropped.
type inbox struct {
	wake  chan struct{} // holds one token while there are notes
	mu    sync.Mutex
	notes []any
}

type (
	// segmentRead: the reader of a segment has ended; segment.err says how.
	segmentRead struct{ segment *segment }
	// segmentStarted: the first packet of a segment was sent.
	segmentStarted struct{ segment *segment }
	// segmentEnded: the last packet of a segment was sent, and the pump has gone
	// on to the one that follows, if it has any.
	segmentEnded struct {
		segment *segment
		err     error // why it is not the track's end; nil when it is
	}
	// segmentStuck: listeners have waited stuckNotice for a segment.
	segmentStuck struct{ segment *segment }
	// segmentClosing: a segment will soon end, or fade into what follows it.
	segmentClosing struct{ segment *segment }
	// outputFailed: the output took no packet in a turn, and will be offered no
	// more until the pump has its next turn.
	outputFailed struct {
		turn uint64
		err  error
	}
	// recalled: what is kept of the guild was loaded after all.
	recalled struct {
		saved   session.Saved
		damaged error // why that is not all of it; nil = it is
	}
	// joined: the output's Join has returned.
	joined struct {
		channel snowflake.ID
		err     error
	}
)

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// post adds a note.
func (b *inbox) post(note any) {
	b.mu.Lock()
	b.notes = append(b.notes, note)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take removes and returns all notes, oldest first.
func (b *inbox) take() []any {
	b.mu.Lock()
	defer b.mu.Unlock()
	notes := b.notes
	b.notes = nil
	return notes
}

// disconnected returns why the Output says it is out of its channel, nil while it has
// not said. The note stays.
func (b *inbox) disconnected() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.notes {
		if e, ok := n.(OutputEvent); ok && e.Kind == OutputDisconnected {
			return e.Err
		}
	}
	return nil
}
