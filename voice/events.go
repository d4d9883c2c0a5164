package voice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/signal"
)

// stateUpdate follows our own voice state: where we are, whoever wanted it.
func (c *call) stateUpdate(ctx context.Context, u StateUpdate) {
	switch {
	case c.leaving():
	case u.Channel != 0:
		c.state, c.stale = u, false
		if c.session != nil {
			c.session.channel.Store(uint64(u.Channel))
		}
		if c.phase != asking && c.phase != clearing {
			c.dragged(u.Channel)
		}
		c.pair(ctx)
	case c.phase == clearing:
		c.state = StateUpdate{}
		c.ask(ctx, c.target)
	case c.phase == asking && (c.announced == 0 || c.cleared):
		// An echo of the op 4 null of an earlier call, or of our own.
	case c.phase == handshaking && c.announced == 0:
		// A kick, or such an echo: then what we made the session of is older than
		// our op 4, and its own events follow.
		c.stopSession()
		c.state, c.putOut = StateUpdate{}, true
		c.enter(asking, c.hub.opts.Timeouts.Leave)
	default:
		c.stopSession()
		c.finish(c.kicked())
	}
}

func (c *call) kicked() error {
	return fault.Wrapf(fault.Denied, ErrKicked, "I was disconnected from <#%s>.", c.target)
}

// dragged notes that somebody put us somewhere. The server for it is announced
// before or after.
func (c *call) dragged(to snowflake.ID) {
	c.target = to
	if c.phase == talking && to != c.announced {
		c.announced = to
		c.emit(Moved, to, nil)
	}
}

// serverUpdate follows the voice server: a new one, or none for now.
func (c *call) serverUpdate(ctx context.Context, u ServerUpdate) {
	if c.leaving() {
		return
	}
	c.server, c.unused = u, true
	if u.Endpoint != "" {
		c.pair(ctx)
		return
	}
	c.stopSession()
	c.interrupted(errNoServer)
	if c.phase != asking && c.phase != clearing {
		c.enter(allocating, c.hub.opts.Timeouts.Allocate)
	}
}

// pair makes a session of the newest state and server once they belong together:
// the state is of the channel we want, and the server is new. A state with another
// session id that comes after its server, while the handshake with it is under way,
// means that the handshake began with the state before.
func (c *call) pair(ctx context.Context) {
	switch {
	case c.phase == clearing, c.stale,
		c.state.Channel == 0 || c.state.Channel != c.target || c.server.Endpoint == "":
		return
	case c.unused:
	case c.phase == handshaking && c.session != nil && c.session.identity.SessionID != c.state.SessionID:
	default:
		return
	}
	c.startSession(ctx)
}

// startSession replaces the session by one with the newest pair.
func (c *call) startSession(ctx context.Context) {
	c.stopSession()
	c.cancelOp4()
	c.sent = true // whether or not it was said: these are its events
	c.unused = false
	s := &session{
		opts: &c.hub.opts, dial: c.hub.dial, logger: c.logger, line: c.conn.line,
		sockets: c.hub.sockets, keys: &c.conn.keys,
		endpoint: c.server.Endpoint,
		identity: signal.Identity{
			Guild: c.conn.guild, User: c.hub.opts.User(),
			SessionID: c.state.SessionID, Token: c.server.Token,
		},
	}
	s.channel.Store(uint64(c.state.Channel))
	if !c.hub.opts.WithoutDAVE {
		s.dave = c.hub.opts.encrypt(dave.Options{
			User: s.identity.User, Key: c.hub.opts.Key, Logger: c.logger, Metrics: c.hub.opts.Metrics.dave,
			Channel: func() snowflake.ID { return snowflake.ID(s.channel.Load()) },
		})
	}
	generation := c.generation
	s.tell = func(m message) { c.inbox.put(fromSession{generation, m}) }
	mine, cancel := context.WithCancel(ctx)
	c.session, c.cancel = s, cancel
	c.workers.Go(func() { s.tell(ended{c.hub.opts.run(s, mine)}) })
	c.status.Endpoint = s.endpoint
	if c.status.State == Ready {
		c.status.State = Recovering
		if c.state.Channel == c.announced {
			c.cause = errNewServer
		}
	}
	c.enter(handshaking, 0)
}

// stopSession ends the session, if there is one, and turns a deaf ear to it. It
// does not wait: the next one may begin while this one says good-bye.
func (c *call) stopSession() {
	c.generation++
	if c.session == nil {
		return
	}
	c.conn.line.SetLink(nil)
	if c.linked {
		c.linked = false
		c.hub.opts.Metrics.connections.Dec()
	}
	c.cancel()
	c.session, c.cancel = nil, nil
}

// ask sends op 4 for the channel and awaits its two events.
func (c *call) ask(ctx context.Context, channel snowflake.ID) {
	if wait := time.Until(c.notBefore); wait > 0 {
		c.enter(backingOff, wait)
		return
	}
	c.cleared = c.phase == clearing
	c.unused = false // what was allocated before does not count
	c.enter(asking, recheck)
	c.op4(ctx, channel)
}

// clear sends op 4 null and awaits a null state, to ask again after it.
func (c *call) clear(ctx context.Context) {
	c.enter(clearing, recheck)
	c.op4(ctx, 0)
}

// op4 sends an op 4 in a goroutine of its own, for the shard may make it wait; the
// one before is called off or done first, so that they stay in order.
func (c *call) op4(ctx context.Context, channel snowflake.ID) {
	c.cancelOp4()
	c.asks++
	c.sent = false
	n, before, after := c.asks, c.asked, make(chan struct{})
	fenced, doubt := c.fenced(), c.doubt
	sending, cancel := context.WithCancel(ctx)
	c.asked, c.cancelAsk = after, cancel
	c.workers.Go(func() {
		defer close(after)
		defer cancel()
		if before != nil {
			<-before
		}
		var err error
		if fenced {
			_, err = c.ours(sending, doubt)
		}
		if err == nil {
			err = c.hub.opts.Shard.SendVoiceState(sending, c.conn.guild, channel, false, true)
		}
		c.inbox.put(asked{n, err})
	})
}

func (c *call) cancelOp4() {
	if c.cancelAsk != nil {
		c.cancelAsk()
		c.cancelAsk = nil
	}
	c.asks++ // its report is of no interest any more
}

// askDone starts the clock for the events: they can not come before op 4 went out.
func (c *call) askDone(ctx context.Context, m asked) {
	if m.n != c.asks {
		return
	}
	timeouts := c.hub.opts.Timeouts
	c.sent = m.err == nil
	switch {
	case errors.Is(m.err, ErrReplaced):
		c.finish(m.err)
	case c.phase == departing:
		c.finish(c.err)
	case m.err != nil && c.announced == 0:
		if _, explained := fault.Message(m.err); !explained {
			m.err = offline(m.err)
		}
		c.finish(m.err)
	case m.err != nil:
		c.retry(ctx, fmt.Errorf("send op 4: %w", m.err), signal.Rule{})
	case c.phase == asking:
		c.enter(asking, timeouts.Events)
	case c.phase == clearing:
		c.enter(clearing, timeouts.Leave)
	}
}

// sessionNews handles what the session of the newest generation reports.
func (c *call) sessionNews(ctx context.Context, m message) {
	switch m := m.(type) {
	case established:
		if !c.leaving() {
			c.established(m.mode, m.link)
		}
	case resuming:
		c.status.LastErr, c.cause = m.err, m.err
		c.hub.opts.Metrics.closed(signal.Resume, m.err)
		c.logger.Warn("voice gateway lost, resuming", "error", m.err)
	case resumed:
		c.status.Resumes++
		c.recovered()
		c.logger.Info("voice gateway resumed")
	case quiet:
		if c.phase == resting {
			c.depart(ctx, ErrLeft)
		}
	case ended:
		c.stopSession()
		c.sessionEnded(ctx, m.err)
	}
}

// sessionEnded decides what to do about a session that can not go on.
func (c *call) sessionEnded(ctx context.Context, err error) {
	rule := signal.React(err)
	switch {
	case errors.Is(err, errNoMode):
		rule.Reaction = signal.Stop
	case rule.Reaction == signal.Resume: // which was tried, or there was nothing to resume yet
		rule.Reaction = signal.Rejoin
	}
	c.hub.opts.Metrics.closed(rule.Reaction, err)
	if rule.OurBug {
		c.logger.Error("voice gateway refused what we sent", "error", err)
	}
	c.interrupted(err)
	c.doubt = replaces(err)
	c.verify(ctx)
	switch {
	case c.phase == resting:
		c.depart(ctx, ErrLeft)
	case c.leaving(), c.phase == asking, c.phase == clearing: // what they await decides
	case rule.Reaction == signal.Stop:
		c.depart(ctx, err)
	case rule.Reaction == signal.Follow:
		c.enter(following, c.hub.opts.Timeouts.Follow)
	default:
		c.retry(ctx, err, rule)
	}
}

// interrupted notes that no audio flows, and says so once.
func (c *call) interrupted(err error) {
	c.status.LastErr, c.cause = err, err
	if c.status.State == Ready {
		c.status.State = Recovering
		c.trouble.after(time.Since(c.talking))
	}
	if c.announced != 0 && !c.silent && !c.leaving() {
		c.silent = true
		c.emit(Interrupted, c.announced, err)
	}
}

// lost goes back into our channel after the main gateway forgot us. An op 4 that is
// still on its way will reach the new session.
func (c *call) lost(ctx context.Context) {
	switch {
	case c.phase == departing:
		c.finish(c.err) // nobody is left to be told
		return
	case c.leaving():
		return
	}
	c.stopSession()
	c.interrupted(errLost)
	c.state, c.server, c.unused, c.stale = StateUpdate{}, ServerUpdate{}, false, false
	if c.queued() {
		return
	}
	c.status.Rejoins++
	c.ask(ctx, c.target)
}

// renewed joins by another session of the main gateway, and goes on meanwhile.
func (c *call) renewed(ctx context.Context) {
	if c.phase != talking || c.session == nil {
		c.lost(ctx)
		return
	}
	c.stale = true
	c.status.Rejoins++
	c.ask(ctx, c.target)
}
