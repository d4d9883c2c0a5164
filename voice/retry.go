package voice

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"busker/internal/fault"
	"busker/voice/signal"
)

const (
	// maxRejoins in a row without a stable connection in between end a call.
	maxRejoins = 6
	// steady is how long a connection must last not to count as flapping.
	steady = 10 * time.Second
	// recheck is how often a call looks whether the main gateway is back.
	recheck = time.Second
)

// trouble counts rejoins in a row: in all, and those after close codes whose rule
// has a limit of its own.
type trouble struct {
	rejoins int
	codes   map[int]int
}

// after forgets trouble when a connection held: all of it after a minute, half of the
// rejoins after steady. What fails now and then is not what fails again and again.
func (t *trouble) after(held time.Duration) {
	switch {
	case held > stable:
		*t = trouble{}
	case held > steady:
		t.rejoins /= 2
	}
}

// enough counts a rejoin and reports whether there were too many.
func (t *trouble) enough(err error, rule signal.Rule) bool {
	t.rejoins++
	var closed *signal.Closed
	if rule.Limit > 0 && errors.As(err, &closed) {
		if t.codes == nil {
			t.codes = make(map[int]int)
		}
		if t.codes[closed.Code]++; t.codes[closed.Code] > rule.Limit {
			return true
		}
	}
	return t.rejoins > maxRejoins
}

// expire acts on what did not come in time.
func (c *call) expire(ctx context.Context) {
	if c.excused(ctx) {
		return
	}
	switch c.phase {
	case asking:
		c.unanswered(ctx)
	case clearing, backingOff:
		c.ask(ctx, c.target)
	case following:
		c.depart(ctx, c.status.LastErr)
	case allocating:
		c.retry(ctx, errNoServer, signal.Rule{})
	case resting:
		c.depart(ctx, ErrLeft)
	case departing:
		c.lingering()
	}
}

// lingering ends a call whose op 4 null does not go out, but not because others are
// before it in the queue: Discord would keep us in the channel.
func (c *call) lingering() {
	if !c.sent && c.awayFor() == 0 && time.Since(c.departed) < c.hub.opts.Timeouts.Offline {
		c.clock.Reset(recheck)
		return
	}
	c.finish(c.err)
}

// excused reports whether nothing could come in time: an op 4 that waits for its
// turn has not been asked yet, and a main gateway that is away says nothing. Once it
// is back, the patience begins anew.
func (c *call) excused(ctx context.Context) bool {
	switch c.phase {
	case asking, clearing, following, allocating:
	default:
		return false
	}
	was := !c.away.IsZero()
	away := c.awayFor()
	switch {
	case away > c.hub.opts.Timeouts.Offline:
		c.depart(ctx, offline(errAway))
	case away > 0, c.queued():
		c.clock.Reset(min(recheck, c.hub.opts.Timeouts.Offline))
	case was:
		c.clock.Reset(c.patience)
	default:
		return false
	}
	return true
}

// queued reports whether op 4 has yet to go out.
func (c *call) queued() bool { return (c.phase == asking || c.phase == clearing) && !c.sent }

// awayFor returns for how long the main gateway is known to be away, 0 while it is
// there.
func (c *call) awayFor() time.Duration {
	if c.hub.opts.Online(c.conn.guild) {
		c.away = time.Time{}
		return 0
	}
	if c.away.IsZero() {
		c.away = time.Now()
	}
	return max(time.Since(c.away), 1)
}

// unanswered handles an op 4 that the main gateway did not answer. A move that
// failed leaves us where we are. Once we were in, Discord may think we still are
// and see nothing to tell; making it forget us first gets an answer. To a first
// Join there is no answer when the channel is full.
func (c *call) unanswered(ctx context.Context) {
	err := fault.Wrapf(fault.Denied, errNoEvents, "I could not join <#%s>: it may be full, or I may not be allowed to connect.", c.target)
	switch {
	case c.session != nil:
		c.answer(err)
		c.target = c.state.Channel
		c.enter(c.sessionPhase(), 0)
	case c.putOut:
		c.finish(c.kicked())
	case c.announced == 0:
		c.depart(ctx, err)
	case !c.cleared:
		c.clear(ctx)
	default:
		c.retry(ctx, errNoEvents, signal.Rule{})
	}
}

// sessionPhase is the phase of a call that waits for nothing but its session.
func (c *call) sessionPhase() phase {
	if c.status.State == Ready {
		return talking
	}
	return handshaking
}

// retry asks for a new session after a pause, unless it was tried often enough.
// Without a main gateway nothing is tried.
func (c *call) retry(ctx context.Context, err error, rule signal.Rule) {
	away := c.awayFor()
	if away > c.hub.opts.Timeouts.Offline || away == 0 && c.trouble.enough(err, rule) {
		c.depart(ctx, err)
		return
	}
	c.status.Rejoins++
	wait := max(rule.Wait, c.backoff())
	c.notBefore = time.Now().Add(rule.Wait)
	c.enter(backingOff, wait)
}

// backoff is the pause before a rejoin: 1 s, 2 s, 4 s, 8 s, 16 s, 30 s, each ± 25 %
// so that a thousand calls that fell together do not rise together.
func (c *call) backoff() time.Duration {
	first := c.hub.opts.Timeouts.Backoff
	return jitter(min(first<<max(c.trouble.rejoins-1, 0), 30*first))
}

// jitter returns d ± 25 %.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2+1) }
