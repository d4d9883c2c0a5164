package listen

import (
	"sync/atomic"
	"time"
)

// Frame is decoded audio as it is heard live.
type Frame struct {
	At  time.Duration // position in the recording; a step from the frame before is a pause
	PCM []float32     // interleaved stereo, usually 20 ms; shared between subscribers, read only
}

// Subscription is a live feed of what a Listener hears.
type Subscription struct {
	listener *Listener
	frames   chan Frame
	dropped  atomic.Uint64
}

// Subscribe starts a live feed with room for buffer frames. A subscriber whose
// buffer is full misses frames, and Dropped counts them: nobody waits for him.
func (l *Listener) Subscribe(buffer int) *Subscription {
	s := &Subscription{listener: l, frames: make(chan Frame, max(buffer, 1))}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		close(s.frames)
		return s
	}
	l.subs[s] = struct{}{}
	return s
}

// Frames returns the feed. It is closed when the listener or the subscription closes.
func (s *Subscription) Frames() <-chan Frame { return s.frames }

// Dropped returns how many frames the subscriber was too slow for.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the feed. It may be called twice.
func (s *Subscription) Close() {
	l := s.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, live := l.subs[s]; live {
		delete(l.subs, s)
		close(s.frames)
	}
}

// offer hands a frame over if there is room. The listener's lock is held.
func (s *Subscription) offer(f Frame) {
	select {
	case s.frames <- f:
	default:
		s.dropped.Add(1)
	}
}
