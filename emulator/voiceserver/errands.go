package voiceserver

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// errands are the people who have something to deal with. A few goroutines of Run
// work them off, each person by one at a time.
type errands struct {
	mu     sync.Mutex
	people []*person
	wake   sync.Cond // on mu
	closed bool
}

func (e *errands) add(p *person) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.people = append(e.people, p)
	e.wake.Signal()
}

// next waits for a person; nil at the end.
func (e *errands) next() *person {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.people) == 0 && !e.closed {
		e.wake.Wait()
	}
	if e.closed {
		return nil
	}
	p := e.people[0]
	e.people = e.people[1:]
	return p
}

// run works until ctx ends.
func (e *errands) run(ctx context.Context) error {
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for p := e.next(); p != nil; p = e.next() {
				p.work(ctx)
			}
			return nil
		})
	}
	<-ctx.Done()
	e.mu.Lock()
	e.closed = true
	e.wake.Broadcast()
	e.mu.Unlock()
	return group.Wait()
}
