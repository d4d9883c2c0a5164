// Package line is the sending half of a voice connection: a bounded queue of Opus
// packets, and the link of the moment through which they are sent, one per frame.
//
// A Line knows no channel and no gateway: whoever holds it gives it a Link when there
// is a way to a voice server, and takes the Link away when there is none; the packets
// wait meanwhile. A pacer ticks it; that neither allocates nor blocks.
package line

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/voice/pace"
)

// DefaultLookahead is how much audio a Line queues.
const DefaultLookahead = 200 * time.Millisecond

// Errors of those who send.
var (
	// ErrFull says that a packet was sent for which there was no room.
	ErrFull = errors.New("the queue of packets is full")
	// ErrOver says that what Await was to watch has ended.
	ErrOver = errors.New("the line is taken away")
)

// Options configure a Line. The zero value is useful.
type Options struct {
	// Lookahead is how much audio is queued: more survives longer stalls of the
	// producer, less makes commands audible sooner. 0 = DefaultLookahead.
	Lookahead time.Duration
	// Metrics counts; nil counts for nobody. Many Lines share one.
	Metrics *Metrics
}

// Line is a queue of packets and the Link to send them through, a pace.Member. All its
// methods may be called concurrently, but one goroutine at a time calls Await and
// Send.
type Line struct {
	ring    *ring
	link    atomic.Pointer[Link] // nil while nothing can be sent: packets wait
	metrics *Metrics
	allowed atomic.Uint64 // standstills of the process after which it may send

	ticking   atomic.Bool
	sent      atomic.Uint64 // audio packets
	late      atomic.Uint64 // of these, more than a frame late
	underruns atomic.Uint64
	lateness  lateness
}

// New returns a Line without a Link.
func New(opts Options) *Line {
	if opts.Lookahead < audio.FrameTime {
		opts.Lookahead = DefaultLookahead
	}
	if opts.Metrics == nil {
		opts.Metrics = NewMetrics(nil)
	}
	return &Line{ring: newRing(int(audio.Frames(opts.Lookahead))), metrics: opts.Metrics}
}

// Await waits until at most half of the queue is unsent and returns how many packets
// fit, at least one. That is how the caller keeps time: without a Link the queue
// stands still. The error is ErrOver when over was closed, which may be nil, and
// ctx's when that ended.
func (l *Line) Await(ctx context.Context, over <-chan struct{}) (room int, err error) {
	for {
		select {
		case <-over:
			return 0, ErrOver
		default:
		}
		if room = l.ring.room(); room > 0 {
			return room, nil
		}
		select {
		case <-l.ring.fallen:
		case <-over:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Send takes ownership of p and queues it; it never waits. When there is no room it
// returns ErrFull and p is released.
func (l *Line) Send(p *audio.Packet) error {
	if !l.ring.push(p) {
		p.Release()
		return ErrFull
	}
	if link := l.link.Load(); link != nil {
		link.speaking.begin()
	}
	return nil
}

// Flush drops the packets not sent yet and returns how many there were.
func (l *Line) Flush() int { return l.ring.flush() }

// Queued returns the number of packets not sent yet.
func (l *Line) Queued() int { return l.ring.len() }

// Sent returns the number of audio packets whose time has come since the Line exists:
// handed to the network, or dropped for want of a key. It never goes back; silence
// does not count.
func (l *Line) Sent() uint64 { return l.sent.Load() }

// Late returns how many of these were more than a frame late.
func (l *Line) Late() uint64 { return l.late.Load() }

// Underruns returns how often the packets ran out for at most five frames.
func (l *Line) Underruns() uint64 { return l.underruns.Load() }

// Lateness returns how late the packets of the last seconds were.
func (l *Line) Lateness() Lateness { return l.lateness.figures() }

// Link returns the link of the moment, nil when there is none.
func (l *Line) Link() *Link { return l.link.Load() }

// SetLink has the packets sent through link from the next Tick on; nil has them wait.
// A Tick under way may still use the one before.
func (l *Line) SetLink(link *Link) { l.link.Store(link) }

// Allow lets packets go out after so many standstills of the process, as a pace.Turn
// counts them. After one more they wait, and so does all that the Link sends. What was
// allowed after more of them holds.
func (l *Line) Allow(stills uint64) {
	for {
		before := l.allowed.Load()
		if before >= stills || l.allowed.CompareAndSwap(before, stills) {
			return
		}
	}
}

// DropLink takes link away, unless another has its place already.
func (l *Line) DropLink(link *Link) { l.link.CompareAndSwap(link, nil) }

// Tick sends what is due in this frame. One that meets another does nothing: the thread
// of a place left before, which the system stopped in the middle, may still be at it.
func (l *Line) Tick(turn pace.Turn) {
	if !l.ticking.CompareAndSwap(false, true) {
		return
	}
	l.lateness.tick()
	if link := l.link.Load(); link != nil && turn.Stills <= l.allowed.Load() {
		link.tick(l, turn)
	}
	l.ticking.Store(false)
}
