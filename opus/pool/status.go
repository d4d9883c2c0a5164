package pool

import "time"

// Status is how a Pool stands.
type Status struct {
	Cores      int     // tokens there are
	Held       int     // tokens given out, loans among them
	Waiting    int     // turns that wait
	Load       float64 // share of the cores in use over the last second
	Complexity int     // what encoders are set to
	Seats      int     // taken
	// Capacity is about how many streams that are decoded and encoded fit at the present
	// complexity, by the measured Costs. Streams of packets as they are cost far less.
	Capacity int
	Costs    Costs
	// Turns that ended, their frames, and those that ended after their deadline.
	Turns, Frames, Misses uint64
	Loans                 uint64 // tokens lent because their holders took too long
	Refusals              uint64 // of Admit
	Busy                  time.Duration
}

// Status returns how p stands.
func (p *Pool) Status() Status {
	s := Status{Cores: p.o.Cores, Costs: p.o.Costs, Load: p.measured(), Complexity: p.Complexity()}
	s.Capacity = int(p.o.Limit / p.o.Costs.share(s.Complexity, s.Cores))
	p.mu.Lock()
	p.account(p.now())
	s.Held, s.Waiting = p.holders.count, len(p.waiting)
	s.Turns, s.Frames, s.Misses, s.Loans, s.Busy = p.ended, p.frames, p.misses, p.loans, time.Duration(p.busy)
	p.mu.Unlock()
	p.desk.mu.Lock()
	s.Seats, s.Refusals = p.desk.taken, p.desk.refusals
	p.desk.mu.Unlock()
	return s
}

// strain is the load above which nothing should be begun that can be left undone.
const strain = 0.9

// strainedQueue is how many turns per core may wait for that.
const strainedQueue = 4

// Strained reports whether the cores are short: what makes sound better, but is not
// needed for it to go on, should be left undone.
func (p *Pool) Strained() bool {
	if p.Complexity() == 0 || p.measured() > strain {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) > strainedQueue*p.o.Cores
}
