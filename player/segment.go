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
	"busker/dsp"
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

	sounds chan sound // filled, then closed, by read
	err    error      // why reading ended, nil at the track's end; set before sounds is closed

	first  atomic.Int64 // number of its first frame in the pump's count; -1 = not there yet
	last   atomic.Int64 // number after its newest frame
	frames atomic.Int64 // how many the pump has made of it
	length atomic.Int64 // of the track, in all these: a time.Duration

	prepared atomic.Pointer[dsp.Settings] // filters applied by its reader; nil = none

	// For the pump's eyes only.
	started bool  // segmentStarted was posted
	taken   int64 // frames taken from its reader
	whole   bool  // all its frames were taken
	end     int64 // number after its last frame, once whole
	failure error // why it was cut short, when its reader is not to blame

	// For the player's eyes only.
	read bool          // segmentRead has arrived
	back time.Duration // where the track was before the seek that made this segment; -1 = none did
	held bool          // it was open while nothing was sent, which its origin may not have borne
}

// sound is 20 ms as a reader gives it: one of the two.
type sound struct {
	block  *audio.Block
	packet *audio.Packet
}

func (x sound) recycle() {
	if x.block != nil {
		blocks.Put(x.block)
	}
	if x.packet != nil {
		x.packet.Release()
	}
}

func newSegment(item queue.Item, at time.Duration, cancel context.CancelFunc) *segment {
	s := &segment{item: item, at: at, cancel: cancel, back: -1, sounds: make(chan sound, readAhead)}
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
func (s *segment) fill(ctx context.Context, o *Options, how How, caught func(any) error) {
	defer close(s.sounds)
	defer func() {
		if r := recover(); r != nil {
			s.err = caught(r)
		}
	}()
	s.err = s.copy(ctx, o, how, caught)
}

func (s *segment) copy(ctx context.Context, o *Options, how How, caught func(any) error) error {
	skip := int64(0) // frames before the segment's first
	at := s.at
	if !s.item.Track.Seekable {
		skip, at = audio.Frames(s.at), 0
	}
	r, err := o.Opener.Open(ctx, s.item.Track, at, how)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.item.Track.Address(), err)
	}
	closeReader := closer(r, caught)
	defer closeReader()
	defer context.AfterFunc(ctx, closeReader)() // a Close ends the read in progress
	if p, ok := r.(Prepared); ok {
		if settings := p.Prepared(); settings != (dsp.Settings{}) {
			s.prepared.Store(&settings)
		}
	}
	f := newReading(r, o.Pool)
	defer f.leave()
	for {
		x, err := f.next(ctx, s.due())
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read %s: %w", s.item.Track.Address(), err)
		}
		if skip > 0 {
			skip--
			x.recycle()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		if err := s.hand(ctx, f, x); err != nil {
			return err
		}
	}
}

// due is when listeners would notice that the next frame has not been read.
func (s *segment) due() time.Time {
	return time.Now().Add(audio.Duration(int64(len(s.sounds))) + audio.Duration(readAhead)/2)
}

// hand gives x to the pump, without a core where it must wait for that.
func (s *segment) hand(ctx context.Context, f *reading, x sound) error {
	select {
	case s.sounds <- x:
		return nil
	default:
	}
	f.rest()
	select {
	case s.sounds <- x:
		return nil
	case <-ctx.Done():
		x.recycle()
		return ctx.Err()
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
