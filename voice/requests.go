package voice

import (
	"context"
	"errors"
	"time"

	"busker/internal/fault"
	"busker/voice/signal"
)

// join goes to a channel, or stays there.
func (c *call) join(ctx context.Context, r joinRequest) {
	if c.leaving() {
		c.unread = append(c.unread, r)
		return
	}
	if c.state.Channel == r.channel && c.status.State == Ready {
		c.stay(ctx, r)
		return
	}
	if r.channel != c.target {
		c.answer(fault.Newf(fault.Canceled, "I was called to <#%s> instead.", r.channel))
	}
	if len(c.joins) == 0 {
		c.asking = time.Now()
	}
	c.joins = append(c.joins, r)
	waiting := c.phase == asking || c.phase == clearing || c.phase == handshaking
	if r.channel == c.target && waiting {
		return
	}
	c.target = r.channel
	c.ask(ctx, r.channel)
}

// stay answers a Join to where we are. A move that was asked for is called back.
func (c *call) stay(ctx context.Context, r joinRequest) {
	if c.phase == asking {
		c.answer(fault.Newf(fault.Canceled, "I was called back to <#%s>.", r.channel))
		c.target = r.channel
		c.op4(ctx, r.channel)
		c.enter(talking, 0)
	}
	r.answer <- nil
}

// abandon takes back a Join whose caller went away. A call that has nobody else
// waiting for it and never got anywhere ends.
func (c *call) abandon(ctx context.Context, m abandon) {
	for i, j := range c.joins {
		if j.answer != m.answer {
			continue
		}
		c.joins = append(c.joins[:i], c.joins[i+1:]...)
		cause := c.blame(m.cause)
		m.answer <- cause
		switch {
		case len(c.joins) > 0 || c.leaving():
		case c.announced == 0:
			c.depart(ctx, cause)
		case c.phase == asking && c.session != nil:
			c.target = c.state.Channel
			c.cancelOp4()
			c.enter(c.sessionPhase(), 0)
		}
		return
	}
}

// blame says what a Join waited for too long: while op 4 is on its way, that was
// the main gateway.
func (c *call) blame(cause error) error {
	if !errors.Is(cause, errNoAnswer) || c.phase != asking {
		return cause
	}
	select {
	case <-c.asked:
		return cause
	default:
		return offline(cause)
	}
}

// offline is the error of an op 4 that did not go out.
func offline(err error) error {
	return fault.Wrap(fault.Unavailable, "I am not connected to Discord right now. Try again in a moment.", err)
}

// leave ends the call in good order: what is queued is dropped, the listeners get
// their silence, the gateway is told, and only then are we gone.
func (c *call) leave(ctx context.Context, r leaveRequest) {
	c.leaves = append(c.leaves, r)
	if c.leaving() {
		return
	}
	c.answer(fault.Wrap(fault.Canceled, "I was told to leave.", ErrLeft))
	c.hangUp()
	c.conn.line.Flush()
	link := c.conn.line.Link()
	if link == nil || link.Speaking().Idle() {
		c.depart(ctx, ErrLeft)
		return
	}
	c.cancelOp4()
	c.enter(resting, c.hub.opts.Timeouts.Leave)
}

// hangUp refuses further packets.
func (c *call) hangUp() {
	select {
	case <-c.hungUp:
	default:
		close(c.hungUp)
	}
}

// depart tells Discord that we are out, and ends the call then.
func (c *call) depart(ctx context.Context, err error) {
	c.hangUp()
	c.err, c.departed = explain(err), time.Now()
	c.enter(departing, c.hub.opts.Timeouts.Join)
	c.op4(ctx, 0)
}

// finish ends the call at once.
func (c *call) finish(err error) {
	c.hangUp()
	c.err = explain(err)
	c.enter(over, 0)
}

// explain gives an error that has no message for people one.
func explain(err error) error {
	if _, explained := fault.Message(err); explained {
		return err
	}
	var closed *signal.Closed
	switch {
	case errors.Is(err, ErrLeft):
		return fault.Wrap(fault.Canceled, "I was told to leave.", err)
	case errors.Is(err, ErrReplaced), errors.Is(err, ErrAbandoned):
		return fault.Wrap(fault.Unavailable, "I go on from another machine. Try again in a moment.", err)
	case errors.Is(err, ErrClosed):
		return fault.Wrap(fault.Unavailable, "I am shutting down.", err)
	case errors.As(err, &closed) && closed.Code == 4017, errors.Is(err, errEncrypted):
		return fault.Wrap(fault.Unsupported,
			"Discord demands end-to-end encryption here, and I was not set up for it.", err)
	case errors.As(err, &closed) && signal.RuleFor(closed.Code).Reaction == signal.Follow:
		return fault.Wrap(fault.Denied, "I was disconnected from the voice channel.", err)
	}
	return fault.Wrap(fault.Unavailable,
		"I lost the voice channel and could not get back in. Try again in a moment.", err)
}
