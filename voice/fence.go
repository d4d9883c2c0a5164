package voice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busker/cluster"
	"busker/voice/signal"
)

// fenced reports whether the next op 4 has to be allowed: all but those of a Join or
// Leave. What somebody asked for just now was looked at by whoever took their word.
func (c *call) fenced() bool {
	return c.hub.opts.MayRejoin != nil && c.announced != 0 && len(c.joins) == 0 && !errors.Is(c.err, ErrLeft)
}

// ours asks whether the guild is still ours, and returns nil or an error that wraps
// ErrReplaced; certain is whether that is known. Where it can not be known, Discord has
// the word: with doubt our session ended as one does that a newer took the place of, and
// that may be another process's, and ours takes its whole time; without, nothing speaks
// against us.
func (c *call) ours(ctx context.Context, doubt bool) (certain bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.hub.opts.Timeouts.Owner)
	defer cancel()
	err = c.hub.opts.MayRejoin(ctx, c.conn.guild)
	unknown := errors.Is(err, cluster.ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	if err == nil || unknown && !doubt {
		return false, nil
	}
	if unknown {
		<-ctx.Done() // a server that Discord names meanwhile ends the doubt
	}
	return !unknown, fmt.Errorf("%w: %w", ErrReplaced, err)
}

// replaces reports whether a session ended as it does when a newer one of our user took
// its place: Discord closes the older with one of these.
func replaces(err error) bool {
	const sessionInvalid, disconnected, terminated = 4006, 4014, 4022
	var closed *signal.Closed
	if !errors.As(err, &closed) {
		return false
	}
	switch closed.Code {
	case sessionInvalid, disconnected, terminated:
		return true
	}
	return false
}

// verify asks whether a guild whose session ended is still ours, while the call waits for
// what follows.
func (c *call) verify(ctx context.Context) {
	if c.fenced() && !c.leaving() {
		c.judge(ctx, c.doubt, nil)
	}
}

// judge asks on a goroutine whether the guild is ours; then is put to the call if it is.
func (c *call) judge(ctx context.Context, doubt bool, then message) {
	generation := c.generation
	c.workers.Go(func() {
		certain, err := c.ours(ctx, doubt)
		if err == nil && then != nil {
			c.inbox.put(then)
		}
		c.inbox.put(judged{generation, err, certain})
	})
}

// judged gives a guild up that is not ours. Where that is a guess, a session that began
// meanwhile refutes it: Discord announced it to us.
func (c *call) judged(m judged) {
	if m.err != nil && !c.leaving() && (m.certain || m.generation == c.generation) {
		c.stopSession()
		c.finish(m.err)
	}
}

// stood lets packets go out again after the process stood still, once it is known that
// the guild is ours or that nobody can say so: then Discord refuses what it must not take.
func (c *call) stood(ctx context.Context, m stood) {
	if c.hub.opts.MayRejoin == nil {
		c.conn.line.Allow(m.stills)
		return
	}
	c.judge(ctx, false, allowed(m))
}

// stoodStill is the pacer's Stood.
func (h *Hub) stoodStill(time.Duration) {
	h.opts.Metrics.stills.Inc()
	select {
	case h.stood <- struct{}{}:
	default: // somebody is about to look
	}
}

// recount tells all calls that the process stood still.
func (h *Hub) recount() {
	n := h.pacer.Stills()
	h.opts.Logger.Warn("the process stood still: whatever is sent has to be allowed anew", "times", n)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, conn := range h.conns {
		if call := conn.current(); call != nil {
			call.inbox.put(stood{n})
		}
	}
}
