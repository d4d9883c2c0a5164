package player

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/queue"
)

// readAhead is how many blocks a reader may be ahead of the pump: as much again
// as the ring of an Output holds, which bridges the opening of the next track.
const readAhead = 10

// blocks recycles blocks between readers and pumps.
var blocks = sync.Pool{New: func() any { return new(audio.Block) }}

// segment is one track from one time on: what one call of Open gives. Its
// address is its generation: a seek, a loop or a retry makes a new segment.
type segment struct {
	item   queue.Item
	at     time.Duration      // track time of its first frame
	cancel context.CancelFunc // ends its reader

	blocks chan *audio.Block // filled, then closed, by read
	err    error             // why reading ended, nil at the track's end; set before blocks is closed

	first  atomic.Int64 // number of its first frame in the pump's count; -1 = not there yet
	frames atomic.Int64 // how many the pump has taken

	// For the pump's eyes only.
	started bool  // segmentStarted was posted
	whole   bool  // all its frames were taken
	end     int64 // number after its last frame, once whole
	failure error // why it was cut short, when its reader is not to blame

	// For the player's eyes only.
	read bool          // segmentRead has arrived
	back time.Duration // where the track was before the seek that made this segment; -1 = none did
	held bool          // it was open while nothing was sent, which its origin may not have borne
}

func newSegment(item queue.Item, at time.Duration, cancel context.CancelFunc) *segment {
	s := &segment{item: item, at: at, cancel: cancel, back: -1, blocks: make(chan *audio.Block, readAhead)}
	s.first.Store(-1)
	return s
}

// result says why the segment ended; nil is the track's end.
func (s *segment) result() error {
	if s.failure != nil {
		return s.failure
	}
	return s.err
}

// fill opens the segment's track and reads it to its end, or to that of ctx.
// Whatever panics in there is the track's failure.
func (s *segment) fill(ctx context.Context, o Opener, caught func(any) error) {
	defer close(s.blocks)
	defer func() {
		if r := recover(); r != nil {
			s.err = caught(r)
		}
	}()
	s.err = s.copy(ctx, o, caught)
}

func (s *segment) copy(ctx context.Context, o Opener, caught func(any) error) error {
	skip := int64(0) // frames before the segment's first
	at := s.at
	if !s.item.Track.Seekable {
		skip, at = audio.Frames(s.at), 0
	}
	r, err := o.Open(ctx, s.item.Track, at)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.item.Track.Address(), err)
	}
	closeReader := closer(r, caught)
	defer closeReader()
	defer context.AfterFunc(ctx, closeReader)() // a Close ends the ReadBlock in progress
	for {
		b := blocks.Get().(*audio.Block)
		if err := r.ReadBlock(b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read %s: %w", s.item.Track.Address(), err)
		}
		if skip > 0 {
			skip--
			blocks.Put(b)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		select {
		case s.blocks <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// closer returns a function that closes r once, from whatever goroutine.
func closer(r audio.Reader, caught func(any) error) func() {
	return sync.OnceFunc(func() {
		defer func() {
			if p := recover(); p != nil {
				_ = caught(p)
			}
		}()
		_ = r.Close() // all it had to give was read, or nobody wants it
	})
}
