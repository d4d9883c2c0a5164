package conn

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Discord allows a connection 120 messages in any 60 s, heartbeats included, and closes
// it with 4008 for more. The window is a little longer here, for messages do not all
// travel equally fast.
const (
	paceMost     = 120
	paceReserved = 10 // for heartbeats
	pacePer      = 61 * time.Second
)

// pace is the limit of one connection. It may be used concurrently.
type pace struct {
	mu    sync.Mutex
	sent  []time.Time // within the window, the oldest first
	queue []*waiter   // the urgent before the others, else in the order they came
}

type waiter struct {
	urgent bool
	first  chan struct{} // size 1: a token when it has become the first
}

func newPace() *pace { return &pace{sent: make([]time.Time, 0, paceMost)} }

// take counts a message that is sent whatever the limit says: the first of a connection.
func (p *pace) take() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(time.Now())
}

// beat counts a heartbeat; false when not even that has room.
func (p *pace) beat() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.prune(now)
	if len(p.sent) >= paceMost {
		return false
	}
	p.count(now)
	return true
}

// turn waits until a command may go. It fails at once with ErrBusy when ctx would end
// before that, and with errGone when gone is closed.
func (p *pace) turn(ctx context.Context, urgent bool, gone <-chan struct{}) error {
	p.mu.Lock()
	now := time.Now()
	at := p.place(urgent)
	wait := p.wait(now, at)
	if at == 0 && len(p.queue) == 0 && wait <= 0 {
		p.count(now)
		p.mu.Unlock()
		return nil
	}
	if until, ok := ctx.Deadline(); ok && until.Before(now.Add(wait)) {
		p.mu.Unlock()
		return ErrBusy
	}
	w := &waiter{urgent, make(chan struct{}, 1)}
	p.queue = slices.Insert(p.queue, at, w)
	p.mu.Unlock()
	return p.stand(ctx, w, gone)
}

// stand waits in the queue. Only the first watches the clock.
func (p *pace) stand(ctx context.Context, w *waiter, gone <-chan struct{}) error {
	for {
		wait, first := p.try(w)
		var due <-chan time.Time
		switch {
		case first && wait <= 0:
			return nil
		case first:
			due = time.After(wait)
		}
		select {
		case <-due:
		case <-w.first:
		case <-gone:
			p.leave(w)
			return errGone
		case <-ctx.Done():
			p.leave(w)
			return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		}
	}
}

// try sends w's message, if it is the first and there is room; else it says how long
// until then.
func (p *pace) try(w *waiter) (wait time.Duration, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queue[0] != w {
		return 0, false
	}
	now := time.Now()
	if wait = p.wait(now, 0); wait <= 0 {
		p.count(now)
		p.remove(w)
	}
	return wait, true
}

func (p *pace) leave(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(w)
}

// remove takes w out of the queue; the caller holds the lock, here and below.
func (p *pace) remove(w *waiter) {
	p.queue = slices.DeleteFunc(p.queue, func(other *waiter) bool { return other == w })
	if len(p.queue) > 0 {
		offer(p.queue[0].first)
	}
}

// place is where in the queue a newcomer stands.
func (p *pace) place(urgent bool) int {
	if !urgent {
		return len(p.queue)
	}
	at := slices.IndexFunc(p.queue, func(w *waiter) bool { return !w.urgent })
	if at < 0 {
		return len(p.queue)
	}
	return at
}

// wait is how long it takes until the command may go that has ahead others before it:
// each goes when the one that many before it has left the window.
func (p *pace) wait(now time.Time, ahead int) time.Duration {
	const room = paceMost - paceReserved
	p.prune(now)
	wait := time.Duration(0)
	i := len(p.sent) + ahead - room
	for ; i >= len(p.sent); i -= room { // that one waits, too
		wait += pacePer
	}
	if i >= 0 {
		wait += p.sent[i].Add(pacePer).Sub(now)
	}
	return wait
}

func (p *pace) prune(now time.Time) {
	over := 0
	for over < len(p.sent) && now.Sub(p.sent[over]) >= pacePer {
		over++
	}
	p.sent = slices.Delete(p.sent, 0, over)
}

func (p *pace) count(now time.Time) { p.sent = append(p.sent, now) }
