package world

import (
	"context"
	"io"
	"sync"
)

// Watcher is a subscription to changes, in order and without loss: what is not
// yet read is kept, and the world never waits. It must be closed.
type Watcher struct {
	world *World
	keep  func(Change) bool // nil: everything

	mu     sync.Mutex
	queue  []Change
	closed bool
	ready  chan struct{} // holds one token while there is something to look at
}

// Watch subscribes to the changes from now on for which keep is true (nil: all).
// keep is called with the world locked: it must not call the world.
func (w *World) Watch(keep func(Change) bool) *Watcher {
	watcher := &Watcher{world: w, keep: keep, ready: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers[watcher] = struct{}{}
	return watcher
}

// Next waits for the next change; its error is ctx's, or io.EOF after Close.
func (w *Watcher) Next(ctx context.Context) (Change, error) {
	for {
		c, ok, err := w.take()
		if ok || err != nil {
			return c, err
		}
		select {
		case <-w.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Pending is the number of changes not read yet.
func (w *Watcher) Pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// Close ends the subscription and wakes Next.
func (w *Watcher) Close() {
	w.world.mu.Lock()
	delete(w.world.watchers, w)
	w.world.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed, w.queue = true, nil
	w.wake()
}

func (w *Watcher) put(c Change) {
	if w.keep != nil && !w.keep(c) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.queue = append(w.queue, c)
	w.wake()
}

func (w *Watcher) take() (Change, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, false, io.EOF
	}
	if len(w.queue) == 0 {
		return nil, false, nil
	}
	c := w.queue[0]
	w.queue = w.queue[1:]
	return c, true, nil
}

// wake is called with mu held. A token already there will do: Next looks at the
// whole queue before it waits.
func (w *Watcher) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}
