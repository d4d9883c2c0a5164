package demo

import "sync"

// bell wakes everybody who listens to it. Rings while somebody is busy become one.
type bell struct {
	mu    sync.Mutex
	heard map[chan struct{}]struct{}
}

func newBell() *bell { return &bell{heard: map[chan struct{}]struct{}{}} }

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.heard {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// listen returns a channel that holds a token after a ring.
func (b *bell) listen() (rings <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard[c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.heard, c)
	}
}
