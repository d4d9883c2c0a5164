// Package pool shares the machine's cores among streams that decode, filter and encode.
//
// It holds as many tokens as there are cores and gives them to whoever must have
// finished first; it lowers the complexity of encoders before anything comes late, and
// refuses new streams before that is not enough. It knows neither audio nor guilds, and
// computes nothing itself: its users do, on their own goroutines, between Turn.Begin and
// Turn.End. Its one goroutine is Run's. Deadlines are on the monotonic clock.
package pool

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"busker/internal/cores"
)

const (
	// heldTooLong is how long a token is computed with before another is given out in its
	// place: far beyond a job of 8 frames (1 ms), within what a ring of 200 ms forgives.
	heldTooLong = 20 * time.Millisecond
	// watchPeriod is how often Run looks for such holders while anybody waits.
	watchPeriod = 10 * time.Millisecond
	// governPeriod is how often Run measures the load; loadWindows of them are the load.
	governPeriod = 250 * time.Millisecond
	loadWindows  = 4
	// loansPerCore bounds how many tokens are out in the place of others.
	loansPerCore = 4
)

// Options describe a Pool. The zero value is useful.
type Options struct {
	// Cores is how many streams compute at the same time; 0 = all this process may use.
	Cores int
	// Limit is the share of the cores that may be promised to streams, above 0; 0 = 0.85.
	// What is above it is for bursts, and for what else runs.
	Limit float64
	// Complexity is what encoders are set to: 1..10, lowered while the machine is
	// overloaded; 0 = by load, one of 8, 5, 4 and 0, beginning with 5.
	Complexity int
	// Fixed keeps Complexity (5 if that is 0) whatever the load.
	Fixed bool
	// Nice is by how much the threads that compute stand back behind those that send, as
	// Unix niceness 1..19; 0 = 10; negative = not at all. Other systems know none.
	Nice int
	// Costs are what the work costs on this machine; zero = measured, once per process.
	Costs Costs
	// Metrics counts; nil = nothing is registered.
	Metrics *Metrics
}

// Pool gives out the cores. All its methods may be called from any goroutine.
type Pool struct {
	o       Options
	epoch   time.Time // instants are nanoseconds since then
	metrics *Metrics
	wake    chan struct{} // size 1: somebody began to wait and nobody watches

	complexity atomic.Int32
	load       atomic.Uint64 // float64 bits: the share of the cores in use

	mu       sync.Mutex
	free     int    // tokens nobody has; 0 while anybody waits
	waiting  queue  // who wants a token
	holders  turns  // who has one, the longest holder first
	arrivals uint64 // counts Turns that waited: the order among equal deadlines
	lent     int    // holders whose token was given out again
	watched  bool   // Run looks for slow holders

	busy     int64  // nanoseconds of tokens held, until busyAt
	busyAt   int64  // instant
	ended    uint64 // turns
	frames   uint64 // made
	misses   uint64 // turns that ended after their deadline
	loans    uint64 // tokens lent
	gauge    gauge
	governor governor

	desk     desk
	reported Status // what the metrics say; Run's
}

// New returns a Pool that Run governs. Without Run it shares the cores, and does nothing
// about load and slow holders. The first New of a process without Costs measures them,
// for at most 50 ms.
func New(o Options) (*Pool, error) {
	if o.Cores < 0 || o.Limit < 0 || math.IsNaN(o.Limit) || o.Complexity < 0 || o.Complexity > 10 || o.Nice > 19 {
		return nil, fmt.Errorf("pool: options out of range: %+v", o)
	}
	if o.Cores == 0 {
		o.Cores = cores.Count()
	}
	if o.Limit == 0 {
		o.Limit = 0.85
	}
	if o.Nice == 0 {
		o.Nice = 10
	}
	if o.Costs == (Costs{}) {
		costs, err := machineCosts()
		if err != nil {
			return nil, fmt.Errorf("pool: measure the codec: %w", err)
		}
		o.Costs = costs
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	p := &Pool{
		o: o, epoch: time.Now(), metrics: o.Metrics, wake: make(chan struct{}, 1),
		free: o.Cores,
	}
	p.governor = newGovernor(o.Complexity, o.Fixed)
	p.complexity.Store(int32(p.governor.complexity()))
	return p, nil
}

// Run watches the load, moves the complexity and lends cores that are held too long. It
// returns nil when ctx ends; Turns go on without it.
func (p *Pool) Run(ctx context.Context) error {
	govern := time.NewTicker(governPeriod)
	defer govern.Stop()
	watch := time.NewTimer(watchPeriod)
	defer watch.Stop()
	clock := newCPUClock()
	p.beginGauge()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
			watch.Reset(watchPeriod)
		case <-watch.C:
			if p.lend() {
				watch.Reset(watchPeriod)
			}
		case <-govern.C:
			p.govern(clock.sinceLast())
		}
	}
}

// Complexity is what encoders should be set to now.
func (p *Pool) Complexity() int { return int(p.complexity.Load()) }

// now returns the present instant. It is called under mu, so that instants never go back.
func (p *Pool) now() int64 { return int64(time.Since(p.epoch)) }

// instant returns t as one; the zero Time is the last of all.
func (p *Pool) instant(t time.Time) int64 {
	if t.IsZero() {
		return math.MaxInt64
	}
	return int64(t.Sub(p.epoch))
}

// lend gives out one token more for every holder that had its for too long, and reports
// whether anybody still waits.
func (p *Pool) lend() (again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for t := p.holders.first; t != nil && len(p.waiting) > 0 && p.lent < p.o.Cores*loansPerCore; t = t.next {
		if now-t.began < int64(heldTooLong) {
			break
		}
		if t.lent {
			continue
		}
		p.account(now)
		t.lent = true
		p.lent++
		p.loans++
		p.giveToNext(now)
	}
	p.watched = len(p.waiting) > 0
	return p.watched
}
