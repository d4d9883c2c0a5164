package studio

import (
	"context"
	"errors"
	"time"
)

// linger is how long something shared goes on when nobody listens: who seeks or changes
// a filter closes one Reader and opens the next.
const linger = 2 * time.Second

// errGone says that whoever waited has gone.
var errGone = errors.New("the listener has gone")

// share is what takes and streams have in common: they live for as long as somebody
// holds them.
type share struct {
	end    context.CancelFunc // ends it; it may be called at any time
	forget func()             // has nobody find it any more; with the Studio's lock

	opened  chan struct{} // closed once it is known how opening went
	failure error         // why it did not open; set before

	// Guarded by the Studio's lock.
	holders int
	timer   *time.Timer // ends it, set when the last holder has left
	over    bool        // its goroutine is done with it
}

// newShare returns a share with one holder, and the context of its life: what is
// started for one may not end with that one.
func newShare(ctx context.Context) (share, context.Context) {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	return share{end: end, opened: make(chan struct{}), holders: 1}, ctx
}

// hold adds a holder; with the Studio's lock.
func (h *share) hold() {
	h.holders++
	if h.timer != nil {
		h.timer.Stop()
	}
}

// leave takes a holder away.
func (s *Studio) leave(h *share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch h.holders--; {
	case h.holders > 0:
	case h.over:
		h.forget()
	default:
		h.timer = time.AfterFunc(linger, func() { s.abandon(h) })
	}
}

// abandon ends what nobody came back for.
func (s *Studio) abandon(h *share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.holders == 0 && !h.over {
		h.forget()
		h.end()
	}
}

// finish says that the share's goroutine is done; keep has it found for as long as
// somebody holds it.
func (s *Studio) finish(h *share, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.over = true
	if h.timer != nil {
		h.timer.Stop()
	}
	if !keep || h.holders == 0 {
		h.forget()
	}
}

// await waits until it is known how opening went.
func (h *share) await(gone <-chan struct{}) error {
	select {
	case <-h.opened:
		return h.failure
	case <-gone:
		return errGone
	}
}
