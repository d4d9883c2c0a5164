package engine

import (
	"context"
	"errors"
	"runtime"
	"time"
)

const (
	// probed is the number of guilds of the first step, which shows what one costs.
	probed = 16
	// full is how busy the cores are when nothing more is to be tried.
	full = 0.985
	// reserve is the share of the limit at which lateness and memory are measured.
	reserve = 0.85
	// calm is how long a step plays before it is measured.
	calm = 1500 * time.Millisecond
)

// stairs are the steps, as shares of what the cost at the step before predicts.
var stairs = []float64{0.5, 0.7, 0.8, 0.87, 0.93, 0.98, 1.03, 1.08, 1.14, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2}

// SearchOptions describe a Search.
type SearchOptions struct {
	Window time.Duration // of each step; 0 = 2 s
	Most   int           // guilds at most; 0 = 20 000
	// Step is told of every step that was measured; nil = nobody.
	Step func(Result)
}

// Found is what a Search found.
type Found struct {
	Kind  Kind
	Limit int // the most guilds that were carried without a packet missing
	// Alone is the first step, with few guilds; Last is that of Limit; Beyond is the first
	// that was not clean, zero when the cores were full before; Usual is at 85 % of Limit,
	// over three windows.
	Alone, Last, Beyond, Usual Result
	// Open says that more was not tried, though the cores were not full.
	Open bool
}

// Search has more and more guilds play until one misses a packet twice, or the cores are
// full.
func Search(ctx context.Context, o Options, s SearchOptions) (found Found, err error) {
	if s.Window <= 0 {
		s.Window = 2 * time.Second
	}
	if s.Most <= 0 {
		s.Most = 20_000
	}
	if s.Step == nil {
		s.Step = func(Result) {}
	}
	found.Kind = o.Kind
	e, err := New(ctx, o)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if found.Alone, err = e.attempt(ctx, min(probed, s.Most), &s); err != nil {
		return found, err
	}
	if err := found.climb(ctx, e, &s); err != nil || found.Limit == 0 {
		return found, err
	}
	if err := e.Stop(ctx, max(1, int(reserve*float64(found.Limit)))); err != nil {
		return found, err
	}
	if err := e.Settle(ctx, calm); err != nil {
		return found, err
	}
	if found.Usual, err = e.Measure(ctx, 3*s.Window); err == nil {
		s.Step(found.Usual)
	}
	return found, err
}

// climb goes up the stairs.
func (f *Found) climb(ctx context.Context, e *Engine, s *SearchOptions) error {
	f.Last = f.Alone
	if f.Alone.Clean() {
		f.Limit = f.Alone.Guilds
	}
	for _, share := range stairs {
		n := min(s.Most, int(share*f.predicted()))
		if n <= e.Len() {
			continue
		}
		r, err := e.attempt(ctx, n, s)
		switch {
		case err != nil:
			return err
		case !r.Clean():
			f.Beyond = r
			return nil
		}
		f.Last, f.Limit = r, n
		if r.Busy() > full {
			return nil
		}
		if n == s.Most {
			break
		}
	}
	f.Open = true
	return nil
}

// predicted is how many guilds the cores would be full with, by the cost of the last
// step; the first says little, because so few guilds share what there is of waking up.
func (f *Found) predicted() float64 {
	used := max(f.Last.Busy(), 0.001)
	return float64(f.Last.Guilds) / used
}

// attempt is a step, and another when that was not clean, perhaps by somebody else's fault.
func (e *Engine) attempt(ctx context.Context, n int, s *SearchOptions) (Result, error) {
	r, err := e.step(ctx, n, s)
	if err == nil && !r.Clean() {
		r, err = e.step(ctx, n, s)
	}
	return r, err
}

// step has n guilds play and measures them.
func (e *Engine) step(ctx context.Context, n int, s *SearchOptions) (Result, error) {
	if err := e.Grow(ctx, n); err != nil {
		return Result{}, err
	}
	if err := e.Settle(ctx, calm); err != nil {
		return Result{}, err
	}
	runtime.GC() // what the beginnings left
	r, err := e.Measure(ctx, s.Window)
	if err == nil {
		s.Step(r)
	}
	return r, err
}
