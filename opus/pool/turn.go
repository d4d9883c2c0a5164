package pool

import (
	"context"
	"time"
)

// Turn is one goroutine's standing with the Pool: it computes between Begin and End. Its
// methods are for one goroutine at a time, and panic when called out of order.
type Turn struct {
	pool  *Pool
	ready chan struct{} // size 1: a token was given to who waits

	// Below is guarded by Pool.mu.
	standing standing
	deadline int64  // instant
	arrival  uint64 // place among those of the same deadline
	place    int    // index in Pool.waiting
	since    int64  // instant: waits since then
	began    int64  // instant: computes since then
	lent     bool   // its token was given out again
	prev     *Turn  // in Pool.holders
	next     *Turn
}

type standing uint8

const (
	idle     standing = iota
	waiting           // in Pool.waiting
	holding           // in Pool.holders
	yielding          // between Yield and Regain
)

// Turn returns a new Turn.
func (p *Pool) Turn() *Turn { return &Turn{pool: p, ready: make(chan struct{}, 1)} }

// Begin waits for a core; among those that wait the earliest deadline comes first. The
// deadline is when listeners would notice; those with the zero Time come last. It fails
// only with ctx, and then must not be followed by End.
func (t *Turn) Begin(ctx context.Context, deadline time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.deadline = t.pool.instant(deadline)
	if !t.take(idle, ctx.Done()) {
		return ctx.Err()
	}
	return nil
}

// End gives the core back; frames is how many frames were made with it.
func (t *Turn) End(frames int) {
	if t.leave(idle, frames) == idle {
		panic("pool: End without Begin")
	}
}

// StandBack has the calling goroutine's thread stand back behind those that send, as Begin
// does: for work that is too little for a turn.
func (p *Pool) StandBack() { lowerThread(p.o.Nice) }

// Leave ends a turn that panicked or failed midway. Outside Begin and End it does nothing.
func (t *Turn) Leave() { t.leave(idle, 0) }

// Yield gives the core back for the length of a wait, and Regain takes one again: the two
// functions an audio.Waiting calls. Outside Begin and End they do nothing.
func (t *Turn) Yield() { t.leave(yielding, 0) }

// Regain ends what Yield began. It waits for a core with the deadline given to Begin.
func (t *Turn) Regain() {
	if t.yielded() {
		t.take(yielding, nil)
	}
}

func (t *Turn) yielded() bool {
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	return t.standing == yielding
}

// take waits for a token until done is closed, and reports whether it got one.
func (t *Turn) take(from standing, done <-chan struct{}) bool {
	p := t.pool
	p.mu.Lock()
	if t.standing != from {
		p.mu.Unlock()
		panic("pool: Begin within a turn")
	}
	now := p.now()
	if p.free > 0 {
		p.free--
		p.hold(t, now)
		p.mu.Unlock()
	} else {
		p.enqueue(t, now)
		p.mu.Unlock()
		if !t.wait(done) {
			return false
		}
	}
	lowerThread(p.o.Nice)
	return true
}

func (t *Turn) wait(done <-chan struct{}) bool {
	select {
	case <-t.ready:
		t.pool.metrics.wait.Observe(time.Duration(t.began - t.since).Seconds())
		return true
	case <-done:
	}
	p := t.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.standing == waiting {
		p.waiting.remove(t)
		t.standing = idle
		return false
	}
	// A token came at the same moment: it goes to the next.
	<-t.ready
	p.release(t, idle)
	return false
}

// leave gives the token back, if t has one, and returns what t did before.
func (t *Turn) leave(to standing, frames int) (was standing) {
	p := t.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	was = t.standing
	switch was {
	case holding:
		now := p.release(t, to)
		if to == idle {
			p.ended++
			p.frames += uint64(frames)
			if now > t.deadline {
				p.misses++
			}
		}
	case yielding:
		t.standing = to
	}
	return was
}

// hold gives t a token. The caller holds mu.
func (p *Pool) hold(t *Turn, now int64) {
	p.account(now)
	t.standing, t.began, t.lent = holding, now, false
	p.holders.append(t)
}

// release takes the token of t and gives it to the next. The caller holds mu.
func (p *Pool) release(t *Turn, to standing) (now int64) {
	now = p.now()
	p.account(now)
	t.standing = to
	p.holders.remove(t)
	switch {
	case t.lent: // somebody has it already
		p.lent--
	case len(p.waiting) > 0:
		p.giveToNext(now)
	default:
		p.free++
	}
	return now
}

// giveToNext gives a token to the first in the queue. The caller holds mu.
func (p *Pool) giveToNext(now int64) {
	next := p.waiting.pop()
	p.hold(next, now)
	next.ready <- struct{}{} // has room: it is emptied once for every wait
}

// enqueue lets t wait. The caller holds mu.
func (p *Pool) enqueue(t *Turn, now int64) {
	t.standing, t.since = waiting, now
	p.arrivals++
	t.arrival = p.arrivals
	p.waiting.push(t)
	if !p.watched {
		p.watched = true
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// account brings busy up to date, before the number of holders changes. The caller
// holds mu.
func (p *Pool) account(now int64) {
	p.busy += int64(min(p.holders.count-p.lent, p.o.Cores)) * (now - p.busyAt)
	p.busyAt = now
}
