// Package pace calls each of its members once per 20 ms frame, on an absolute
// schedule, from a few threads.
//
// It knows neither packets nor connections. The frame is cut into 20 slots of 1 ms
// and every member lives in one of them, so that a thousand members send in a
// steady stream and not in one burst. Deadlines are multiples of 1 ms of a monotonic
// clock: a late wake-up never shifts the next deadline, so the schedule can not
// drift. What is hopelessly late is skipped, in whole frames.
package pace

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"busker/internal/cores"
)

const (
	// Frame is the time from one Tick of a member to the next.
	Frame = 20 * time.Millisecond
	// Slots is the number of parts a frame is cut into.
	Slots = 20
	// MaxLate is how much lateness is caught up with, by ticking faster: a receiver's
	// jitter buffer takes that many frames at once. Beyond, frames are skipped: what
	// they would have sent is sent in the next, as it is, and whoever has more buffered
	// than the pacer was late hears nothing of it.
	MaxLate = 2 * Frame
	// DefaultShare is the number of members a thread takes before the next is begun
	// with: half of what one core sends.
	DefaultShare = 1500
	// Standstill is the lateness from which it was not the machine that was busy: the
	// process stood still, and meanwhile others may have taken over what it did.
	Standstill = time.Second

	maxThreads = 4 // by default: 6000 members
	slotTime   = Frame / Slots
)

// Member is ticked once per frame on one of the pacer's threads, always the same for
// as long as it is a member. Tick must neither block nor allocate.
type Member interface {
	Tick(Turn)
}

// Turn is what a member is told with a Tick.
type Turn struct {
	// Late is how long after its deadline the member's slot began.
	Late time.Duration
	// Frame is the number of the frame: one more than at the Tick before, and more than
	// that if frames were skipped.
	Frame int64
	// Thread is the number of the thread, from 0.
	Thread int
	// Stills is how often the process stood still so far, as Pacer.Stills.
	Stills uint64

	wakers *[]Waker // of the thread; nil when nobody paces
}

// Waker wakes somebody who works for a later frame.
type Waker interface {
	Wake()
}

// Later has w called once the slot was flushed: whoever it wakes does not take the
// core from those who wait for their Tick. Outside of a Pacer it is called at once.
func (t Turn) Later(w Waker) {
	if t.wakers == nil {
		w.Wake()
		return
	}
	*t.wakers = append(*t.wakers, w)
}

// Options configure a Pacer. The zero value is useful.
type Options struct {
	// Threads is how many there are at most; 0 = one per core, at most four. Those
	// without members sleep.
	Threads int
	// Share is how many members a thread has before the next gets any; when all have as
	// many, they share alike. 0 = DefaultShare.
	Share int
	// Clock returns what a thread's schedule follows; nil for System.
	Clock func() Clock
	// Flush is called at the end of every slot with members in it, on their thread: for
	// what is better done for all at once. nil does nothing.
	Flush func(thread int)
	// Observe is told of every slot with members in it: its lateness, and whether
	// that made the pacer skip frames. It is called on the threads; nil ignores.
	Observe func(late time.Duration, skipped bool)
	// Stood is told that the process stood still, and for how long, before any member is
	// ticked that would not have been ticked then: it was stopped by a signal or a debugger,
	// starved, or its machine was suspended. It is called on the threads, by each that
	// notices, and must neither block nor allocate; nil ignores.
	Stood func(still time.Duration)
	// Members is told how many members a thread has whenever that changed; nil ignores.
	Members func(thread, members int)
	// Niced is told when a thread has a lower priority than others and could not get
	// rid of it: somebody who lowered theirs began it. nil ignores.
	Niced func(nice int)
}

func (o Options) withDefaults() Options {
	if o.Threads <= 0 {
		o.Threads = min(cores.Count(), maxThreads)
	}
	if o.Share <= 0 {
		o.Share = DefaultShare
	}
	if o.Clock == nil {
		o.Clock = System
	}
	if o.Flush == nil {
		o.Flush = func(int) {}
	}
	if o.Observe == nil {
		o.Observe = func(time.Duration, bool) {}
	}
	if o.Stood == nil {
		o.Stood = func(time.Duration) {}
	}
	if o.Members == nil {
		o.Members = func(int, int) {}
	}
	if o.Niced == nil {
		o.Niced = func(int) {}
	}
	return o
}

// Pacer keeps the schedule. All its methods may be called concurrently; Run once.
type Pacer struct {
	opts    Options
	threads []*thread
	stills  atomic.Uint64

	mu     sync.Mutex // serialises Add and Remove
	places map[Member]place
}

// place is where a member lives.
type place struct {
	thread *thread
	slot   int
}

// New returns a Pacer that Run will drive.
func New(opts Options) *Pacer {
	p := &Pacer{opts: opts.withDefaults(), places: make(map[Member]place)}
	for i := range p.opts.Threads {
		p.threads = append(p.threads, newThread(i, p))
	}
	return p
}

// Stills returns how often the process stood still since the Pacer runs; one standstill
// may count for more. A Turn has the same number.
func (p *Pacer) Stills() uint64 { return p.stills.Load() }

// Threads returns the number of threads: a Turn's is below.
func (p *Pacer) Threads() int { return len(p.threads) }

// Add gives m, which is no member yet, a place in a thread's least filled slot. Its
// first Tick comes within a frame.
func (p *Pacer) Add(m Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.roomiest()
	p.places[m] = place{t, t.add(m)}
	p.opts.Members(t.number, t.len())
}

// roomiest returns the thread for the next member: few full threads wake up less often
// and send larger batches than many empty ones.
func (p *Pacer) roomiest() *thread {
	for _, t := range p.threads {
		if t.len() < p.opts.Share {
			return t
		}
	}
	return slices.MinFunc(p.threads, func(a, b *thread) int { return a.len() - b.len() })
}

// Remove takes m out. A Tick that is under way may still end after Remove returned.
func (p *Pacer) Remove(m Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.places[m]
	if !ok {
		return
	}
	delete(p.places, m)
	at.thread.remove(m, at.slot)
	p.opts.Members(at.thread.number, at.thread.len())
}

// Len returns the number of members.
func (p *Pacer) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.places)
}

// Run ticks until ctx ends, then returns nil. Each thread is a goroutine locked to one
// of the system's, because only a sleep of a thread is precise to some microseconds.
// To go on at once when it wakes it needs a free P: GOMAXPROCS should be the number of
// cores, plus that of the threads, plus one. Run should begin before any thread of
// the process lowers its priority.
func (p *Pacer) Run(ctx context.Context) error {
	var threads sync.WaitGroup
	for _, t := range p.threads {
		threads.Go(func() { t.run(ctx) })
	}
	threads.Wait()
	return nil
}
