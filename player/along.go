package player

import (
	"context"
	"math"
	"sync"
	"time"

	"busker/audio"
)

// course is a position that goes on by itself.
type course struct {
	at    time.Duration
	since time.Time // by this process's clock
	speed float64   // seconds of the track per second; 0 = none
}

// position is where it is at a time.
func (c course) position(t time.Time) time.Duration {
	return c.at + time.Duration(float64(t.Sub(c.since))*c.speed)
}

// along has a reader keep pace with another process that plays the same track, throwing
// away what it reads, until it is known where our sound begins: then it is there already.
// A nil along lets everything through. Its methods may be called from any goroutine.
type along struct {
	course course
	from   time.Duration // where the reader begins
	ready  chan struct{} // closed when it has caught up, or ended
	begins chan struct{} // closed by begin

	mu    sync.Mutex    // guards the rest
	next  time.Duration // of the frame to be read next, until begun
	begun bool
	drop  int64 // frames to throw away since then
	once  sync.Once
}

func newAlong(c course, from time.Duration) *along {
	return &along{course: c, from: from, next: from, ready: make(chan struct{}), begins: make(chan struct{})}
}

// await waits until a frame is to be read, and returns how many of up to room.
func (a *along) await(ctx context.Context, room int) (int, error) {
	for {
		wait, due := a.due(time.Now())
		if due > 0 {
			return min(room, due), nil
		}
		a.caughtUp()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-a.begins:
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		}
		timer.Stop()
	}
}

// due returns how many frames may be read now, and when there are none, how long not.
func (a *along) due(now time.Time) (wait time.Duration, frames int) {
	if a == nil {
		return 0, math.MaxInt
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun {
		return 0, math.MaxInt
	}
	behind := a.course.position(now) - a.next
	if behind >= audio.FrameTime {
		return 0, int(behind / audio.FrameTime)
	}
	return time.Duration(float64(audio.FrameTime-behind)/a.course.speed) + 1, 0
}

// passes reports whether the frame that was just read is to be thrown away.
func (a *along) passes() bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.begun {
		a.next += audio.FrameTime
		return true
	}
	if a.drop > 0 {
		a.drop--
		return true
	}
	return false
}

// begin ends the pacing with the frame nearest to a position, or the next one when the
// reader is beyond it, and returns where that is.
func (a *along) begin(at time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun = true
	close(a.begins)
	a.drop = max(0, int64(math.Round(float64(at-a.next)/float64(audio.FrameTime))))
	return a.next + audio.Duration(a.drop)
}

// caughtUp lets go who waits for the reader.
func (a *along) caughtUp() {
	if a != nil {
		a.once.Do(func() { close(a.ready) })
	}
}
