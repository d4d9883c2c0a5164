package pool

import (
	"sync"
	"time"

	"busker/internal/fault"
)

// reserved is how long a new stream counts with what it may cost; after that the
// measured load shows what it does cost.
const reserved = 3 * time.Second

// desk keeps the seats.
type desk struct {
	mu       sync.Mutex
	taken    int
	unproven int     // seats taken whose cost is still reserved
	young    []*Seat // the unproven and some that no longer are, the oldest first
	refusals uint64
}

// Seat is a place for one playing guild.
type Seat struct {
	pool     *Pool
	since    int64 // instant
	proven   bool  // nothing is reserved for it
	released bool
}

// planned is the complexity that admission reckons with, also while encoders are set to
// less: what that saves is for the unforeseen.
const planned = 5

// Admit reserves what one more stream costs, or says as a fault.Busy that the machine is
// full: when the load, and what is reserved for streams too young to show in it, and this
// one, go beyond Options.Limit. It reckons with decoding and encoding.
func (p *Pool) Admit() (*Seat, error) {
	d := &p.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	now := p.now()
	d.settle(now)
	each := p.o.Costs.share(planned, p.o.Cores)
	load := p.measured()
	if c := p.Complexity(); c < planned {
		load *= each / p.o.Costs.share(c, p.o.Cores)
	}
	projected := load + float64(d.unproven+1)*each
	if projected > p.o.Limit {
		d.refusals++
		p.metrics.refusals.Inc()
		return nil, full(d.taken)
	}
	s := &Seat{pool: p, since: now}
	d.taken++
	d.unproven++
	d.young = append(d.young, s)
	return s, nil
}

func full(taken int) error {
	switch taken {
	case 0:
		return fault.New(fault.Busy, "This bot is at its limit: this machine carries no more. Try again later.")
	case 1:
		return fault.New(fault.Busy, "This bot is at its limit: it plays for 1 server and this machine carries no more. Try again later.")
	}
	return fault.Newf(fault.Busy, "This bot is at its limit: it plays for %d servers and this machine carries no more. Try again later.", taken)
}

// Settle ends the reservation: what the stream costs is known to be next to nothing, or
// shows in the load already. Streams that need no more than their packets sent settle at
// once, so that many can begin together.
func (s *Seat) Settle() {
	d := &s.pool.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prove(s)
}

// Release gives the place back. It may be called twice.
func (s *Seat) Release() {
	d := &s.pool.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prove(s)
	if !s.released {
		s.released = true
		d.taken--
	}
}

// settle ends the reservations that are old enough.
func (d *desk) settle(now int64) {
	for len(d.young) > 0 && (d.young[0].proven || now-d.young[0].since >= int64(reserved)) {
		d.prove(d.young[0])
		d.young[0] = nil
		d.young = d.young[1:]
	}
}

func (d *desk) prove(s *Seat) {
	if !s.proven {
		s.proven = true
		d.unproven--
	}
}
