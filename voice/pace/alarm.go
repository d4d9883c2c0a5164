package pace

import (
	"context"
	"sync"
)

// alarm wakes those whom a thread's slots ask to be woken, on a goroutine of its own: what
// a thread makes runnable itself waits on its own P, which sleeps with it, until others
// have found and fetched it one by one.
type alarm struct {
	rings chan struct{} // size 1: there is somebody to wake

	mu      sync.Mutex
	waiting []Waker
}

func newAlarm() *alarm { return &alarm{rings: make(chan struct{}, 1)} }

// take takes over who is to be woken, and empties wakers. It never waits: when the others
// are being looked at just now, they are taken over after the next slot.
func (a *alarm) take(wakers *[]Waker) {
	if len(*wakers) == 0 || !a.mu.TryLock() {
		return
	}
	a.waiting = append(a.waiting, *wakers...)
	a.mu.Unlock()
	clear(*wakers) // else the last would be kept in memory
	*wakers = (*wakers)[:0]
	select {
	case a.rings <- struct{}{}:
	default:
	}
}

// run wakes until ctx ends, and then those who are left.
func (a *alarm) run(ctx context.Context) {
	var due []Waker
	for ended := false; !ended; {
		select {
		case <-a.rings:
		case <-ctx.Done():
			ended = true
		}
		a.mu.Lock()
		a.waiting, due = due[:0], a.waiting
		a.mu.Unlock()
		for _, w := range due {
			w.Wake()
		}
		clear(due)
	}
}
