// Package pace calls each of its members once per 20 ms frame, on an absolute
// schedule, from one thread.
//
// It knows neither packets nor connections. The frame is cut into 20 slots of 1 ms
// and every member lives in one of them, so that a thousand members send in a
// steady stream and not in one burst. Deadlines are start + n·1 ms of a monotonic
// clock: a late wake-up never shifts the next deadline, so the schedule can not
// drift. Only when it is hopelessly late does the schedule move.
package pace

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Frame is the time from one Tick of a member to the next.
	Frame = 20 * time.Millisecond
	// Slots is the number of parts a frame is cut into.
	Slots = 20
	// MaxLate is how much lateness is caught up with, by ticking faster: three
	// frames, which a receiver's jitter buffer takes. Beyond, the schedule moves.
	MaxLate = 3 * Frame

	slotTime = Frame / Slots
)

// Member is ticked once per frame on the pacer's thread. Tick must neither block
// nor allocate. late is how long after its deadline the member's slot began.
type Member interface {
	Tick(late time.Duration)
}

// Options configure a Pacer. The zero value is useful.
type Options struct {
	// Clock is what the schedule follows; nil for the system's monotonic clock.
	Clock Clock
	// Observe is told of every slot with members in it: its lateness, and whether
	// that made the schedule move. It is called on the pacer's thread; nil ignores.
	Observe func(late time.Duration, resynced bool)
}

// Pacer keeps the schedule. All its methods may be called concurrently; Run once.
type Pacer struct {
	clock   Clock
	observe func(time.Duration, bool)
	wake    chan struct{} // a first member came; size 1: a token is enough

	mu    sync.Mutex                      // serialises Add and Remove
	count atomic.Int64                    // members in all slots
	slots [Slots]atomic.Pointer[[]Member] // replaced, never changed: Run reads them without a lock
}

// New returns a Pacer that Run will drive.
func New(opts Options) *Pacer {
	if opts.Clock == nil {
		opts.Clock = System()
	}
	if opts.Observe == nil {
		opts.Observe = func(time.Duration, bool) {}
	}
	p := &Pacer{clock: opts.Clock, observe: opts.Observe, wake: make(chan struct{}, 1)}
	for i := range p.slots {
		p.slots[i].Store(new([]Member))
	}
	return p
}

// Add gives m a place in the least filled slot. Its first Tick comes within a frame.
func (p *Pacer) Add(m Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := &p.slots[0]
	for i := range p.slots {
		if len(*p.slots[i].Load()) < len(*best.Load()) {
			best = &p.slots[i]
		}
	}
	members := append(slices.Clone(*best.Load()), m)
	best.Store(&members)
	p.count.Add(1)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Remove takes m out. A Tick that is under way may still end after Remove returned.
func (p *Pacer) Remove(m Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.slots {
		if at := slices.Index(*p.slots[i].Load(), m); at >= 0 {
			members := slices.Delete(slices.Clone(*p.slots[i].Load()), at, at+1)
			p.slots[i].Store(&members)
			p.count.Add(-1)
			return
		}
	}
}

// Len returns the number of members.
func (p *Pacer) Len() int { return int(p.count.Load()) }

// Run ticks until ctx ends, then returns nil. It keeps its goroutine on one thread
// of its own, because only a sleep of a thread is precise to some microseconds;
// for the thread to be scheduled again at once, GOMAXPROCS should be one more than
// the number of busy cores. Without members it waits without waking up.
func (p *Pacer) Run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for ctx.Err() == nil {
		if p.Len() == 0 {
			select {
			case <-p.wake:
			case <-ctx.Done():
			}
			continue
		}
		p.keep(ctx)
	}
	return nil
}

// keep follows one schedule for as long as there are members.
func (p *Pacer) keep(ctx context.Context) {
	start := p.clock.Now()
	for n := p.next(0); n >= 0 && ctx.Err() == nil; n = p.next(n + 1) {
		deadline := start + time.Duration(n)*slotTime
		late := p.clock.SleepUntil(deadline) - deadline
		resync := late > MaxLate
		if resync {
			start += late
		}
		p.observe(late, resync)
		for _, m := range *p.slots[n%Slots].Load() {
			m.Tick(late)
		}
	}
}

// next returns the first slot number from n on that has members, -1 if none has.
func (p *Pacer) next(n int64) int64 {
	for i := n; i < n+Slots; i++ {
		if len(*p.slots[i%Slots].Load()) > 0 {
			return i
		}
	}
	return -1
}
