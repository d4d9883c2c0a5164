package studio

import "time"

const (
	// batch is how many frames are made before those who wait are called, so that a
	// thousand of them are not woken for every frame: half the ring of an Output.
	batch = 5
	// patience is how long one of them bears that: a batch takes 100 ms in real time.
	patience = 120 * time.Millisecond
)

// waiter is one goroutine that waits for frames now and then.
type waiter struct {
	bell   chan struct{} // holds one
	timer  *time.Timer   // made when first needed
	urgent bool          // patience is over: the next frame is to be told at once
	queued bool          // among a crowd; guarded by the lock of the crowd's owner
}

func newWaiter() waiter { return waiter{bell: make(chan struct{}, 1)} }

// wait returns when the crowd was called or patience is over; false = gone was closed.
func (w *waiter) wait(gone <-chan struct{}) bool {
	var late <-chan time.Time
	switch {
	case w.urgent:
	case w.timer == nil:
		w.timer = time.NewTimer(patience)
		late = w.timer.C
	default:
		w.timer.Reset(patience)
		late = w.timer.C
	}
	select {
	case <-w.bell:
	case <-late:
		w.urgent = true
		return true
	case <-gone:
		return false
	}
	if w.timer != nil {
		w.timer.Stop()
	}
	return true
}

// crowd are the waiters for one thing. Its owner's lock guards it, but for what take
// returns: that is the one producer's until its next take.
type crowd struct {
	waiting, called []*waiter
	fresh           int  // frames made since the last call
	urgent          bool // one of them is
}

func (c *crowd) join(w *waiter) {
	c.urgent = c.urgent || w.urgent
	if !w.queued {
		w.queued = true
		c.waiting = append(c.waiting, w)
	}
}

// take returns who is to be rung now that another frame is there, once the lock is
// given back.
func (c *crowd) take(now bool) []*waiter {
	if c.fresh++; c.fresh < batch && !c.urgent && !now {
		return nil
	}
	c.fresh, c.urgent = 0, false
	c.waiting, c.called = c.called[:0], c.waiting
	for _, w := range c.called {
		w.queued = false
	}
	return c.called
}

func ring(called []*waiter) {
	for _, w := range called {
		select {
		case w.bell <- struct{}{}:
		default: // rung already
		}
	}
}
