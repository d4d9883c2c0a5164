// Package pool shares the machine's cores among streams that decode, filter and encode.
package pool

import (
	"context"
	"time"
)

// Options describe a Pool. The zero value is useful.
type Options struct {
	// Cores is how many streams compute at the same time; 0 = runtime.NumCPU.
	Cores int
	// Limit is the share of the cores that may be promised; 0 = 0.85.
	Limit float64
	// Complexity is the most an encoder is asked for, 1..10; 0 = 5, below what Ceiling...
	Complexity int
}

// Pool is not written yet.
type Pool struct{}

// New returns a Pool that Run governs.
func New(o Options) (*Pool, error) { return &Pool{}, nil }

// Run watches the load, moves the complexity and lends cores that are held too long.
func (p *Pool) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Complexity is what encoders should be set to now. It may be called from any goroutine.
func (p *Pool) Complexity() int { return 5 }

// Turn is one goroutine's standing with the Pool: it computes between Begin and End.
type Turn struct{}

// Turn returns a new Turn, for one goroutine at a time.
func (p *Pool) Turn() *Turn { return &Turn{} }

// Begin waits for a core; among those that wait the earliest deadline comes first. The
// deadline is when listeners would notice. It fails only with ctx.
func (t *Turn) Begin(ctx context.Context, deadline time.Time) error { return nil }

// End gives the core back; frames is how many frames were made with it.
func (t *Turn) End(frames int) {}

// Yield gives the core back for the length of a wait, and Regain takes one again: the two
// functions an audio.Waiting calls. Outside Begin and End they do nothing.
func (t *Turn) Yield() {}

// Regain ends what Yield began.
func (t *Turn) Regain() {}

// Seat is a place for one playing guild.
type Seat struct{}

// Admit reserves what one more stream costs, or says as a fault.Busy that the machine is full.
func (p *Pool) Admit() (*Seat, error) { return &Seat{}, nil }

// Release gives the place back. It may be called twice.
func (s *Seat) Release() {}
