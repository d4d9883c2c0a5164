package voice

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"busker/internal/snowflake"
	"busker/voice/line"
	"busker/voice/rtp"
)

// phase is what a call is waiting for.
type phase uint8

const (
	asking      phase = iota // op 4 is on its way or out: both events of the main gateway
	clearing                 // op 4 null is out, so that Discord forgets an old state: our state to be null
	handshaking              // a session is being set up
	talking                  // audio flows: nothing
	following                // Discord closed the session: the main gateway to say where to
	allocating               // the server went away: another one
	backingOff               // trouble: a pause before asking again
	resting                  // leaving: the last silence to be sent
	departing                // op 4 null is out for good
	over
)

// Causes of the end of a call, for errors.Is.
var (
	// ErrKicked: somebody took us out of the channel, or the channel away.
	ErrKicked = errors.New("own voice state says we are out")
	// ErrLeft: Leave was called.
	ErrLeft = errors.New("left")
	// ErrClosed: the Hub's Run ended.
	ErrClosed = errors.New("voice hub closed")
	// ErrReplaced: the guild is another process's, or Discord ended our session in favour
	// of a newer one while nobody could tell us whose the guild is.
	ErrReplaced = errors.New("the guild is another process's")
	// ErrAbandoned: Abandon was called.
	ErrAbandoned = errors.New("abandoned")

	errNoEvents  = errors.New("no voice events from the main gateway")
	errNoServer  = errors.New("no voice server was allocated")
	errNewServer = errors.New("the call moved to another voice server")
	errLost      = errors.New("the main gateway began a new session")
	errAway      = errors.New("the main gateway is away")
	errEnding    = errors.New("the call is just ending")
)

// call is one stay in a guild's voice channels, from the Join that begins it to the
// Leave, kick or failure that ends it. One goroutine, run, owns everything below
// the line and blocks on nothing but its inbox and its clock: op 4 and sessions
// have goroutines of their own, and report with a number by which reports of the
// superseded ones are told apart.
type call struct {
	hub    *Hub
	conn   *Conn
	logger *slog.Logger
	inbox  *inbox
	hungUp chan struct{} // closed when no more packets are taken

	// Owned by run.
	phase      phase
	clock      *time.Timer    // of the phase
	patience   time.Duration  // what the clock began with
	away       time.Time      // since when the main gateway is known to be away; zero while it is there
	workers    sync.WaitGroup // op 4s and sessions
	target     snowflake.ID   // the channel we want to be in
	state      StateUpdate    // our newest, zero before the first
	server     ServerUpdate   // the newest
	unused     bool           // no session was made of server yet
	stale      bool           // state is of another session of the main gateway than the one we ask
	asks       uint64         // number of the newest op 4
	cancelAsk  context.CancelFunc
	asked      chan struct{} // closed when the newest op 4 is done with
	generation uint64        // of the newest session
	session    *session      // nil when there is none
	cancel     context.CancelFunc
	linked     bool // the pacer has the session's link
	joins      []joinRequest
	leaves     []leaveRequest
	unread     []message    // came when the call was over
	cleared    bool         // this op 4 was preceded by op 4 null
	putOut     bool         // a null state came during the first handshake
	asking     time.Time    // when the oldest Join that waits came
	talking    time.Time    // when the newest session could talk
	announced  snowflake.ID // the channel of the newest Connected or Moved event
	silent     bool         // an Interrupted was sent, and no Connected since
	sent       bool         // the newest op 4 went out
	departed   time.Time    // when the call began to leave
	notBefore  time.Time    // a server that was asked too often wants no op 4 before
	trouble    trouble      // since the connection was last stable
	cause      error        // of the reconnect under way; nil when there is none
	doubt      bool         // the newest session may have ended because another's took its place
	status     Status       // what is published, counters aside
	err        error        // why the call ended
}

func newCall(conn *Conn, channel snowflake.ID) *call {
	return &call{
		hub: conn.hub, conn: conn, inbox: newInbox(), target: channel,
		logger: conn.hub.opts.Logger.With("guild", uint64(conn.guild)),
		hungUp: make(chan struct{}),
		status: Status{State: Joining},
	}
}

// run holds the call until it is over and everything it started has ended.
func (c *call) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.clock = time.NewTimer(0)
	c.clock.Stop()
	c.conn.line.Allow(c.hub.pacer.Stills()) // of those to come we are told
	c.hub.pacer.Add(c.conn.line)
	c.ask(ctx, c.target)
	for c.phase != over {
		c.publish()
		select {
		case <-c.inbox.wake:
			for _, m := range c.inbox.take() {
				c.handle(ctx, m)
			}
		case <-c.clock.C:
			c.expire(ctx)
		case <-ctx.Done():
			c.finish(ErrClosed)
		}
	}
	c.clock.Stop()
	c.stopSession()
	cancel()
	c.workers.Wait()
	c.hub.pacer.Remove(c.conn.line)
	c.bury()
}

// bury says that the call is over, gives the Conn back and answers whoever still
// waits: in this order, so that nothing of the next call is told before.
func (c *call) bury() {
	c.status.State, c.status.Channel, c.status.LastErr = Out, 0, c.err
	c.conn.shown.Store(&shown{status: c.status})
	if errors.Is(c.err, ErrReplaced) {
		c.hub.opts.Metrics.replaced.Inc()
	}
	if c.announced != 0 && !errors.Is(c.err, ErrLeft) && !errors.Is(c.err, ErrAbandoned) {
		c.emit(Disconnected, c.announced, c.err)
	}
	unread := append(c.unread, c.conn.bury(c)...)
	c.answer(c.err)
	for _, l := range c.leaves {
		l.answer <- nil
	}
	for _, m := range unread {
		switch m := m.(type) {
		case joinRequest:
			m.answer <- errEnding
		case leaveRequest:
			m.answer <- nil
		}
	}
}

// enter changes the phase, which lasts for at most patience; 0 is for ever. Then
// nothing depends on the main gateway: how long it was away is forgotten.
func (c *call) enter(p phase, patience time.Duration) {
	c.phase, c.patience = p, patience
	c.clock.Stop()
	if patience > 0 {
		c.clock.Reset(patience)
	} else {
		c.away = time.Time{}
	}
}

func (c *call) handle(ctx context.Context, m message) {
	if c.phase == over {
		c.unread = append(c.unread, m)
		return
	}
	switch m := m.(type) {
	case joinRequest:
		c.join(ctx, m)
	case leaveRequest:
		c.leave(ctx, m)
	case abandon:
		c.abandon(ctx, m)
	case StateUpdate:
		c.stateUpdate(ctx, m)
	case ServerUpdate:
		c.serverUpdate(ctx, m)
	case giveUp:
		c.finish(ErrAbandoned)
	case stood:
		c.stood(ctx, m)
	case allowed:
		c.conn.line.Allow(m.stills)
	case judged:
		c.judged(m)
	case lost:
		c.lost(ctx)
	case renewed:
		c.renewed(ctx)
	case asked:
		c.askDone(ctx, m)
	case fromSession:
		if m.generation == c.generation {
			c.sessionNews(ctx, m.news)
		}
	}
}

// leaving reports whether the call is on its way out.
func (c *call) leaving() bool { return c.phase >= resting }

// answer answers all Joins that wait.
func (c *call) answer(err error) {
	for _, j := range c.joins {
		j.answer <- err
	}
	c.joins = nil
}

func (c *call) emit(kind EventKind, channel snowflake.ID, err error) {
	c.logger.Info("voice connection "+kind.String(), "channel", uint64(channel), "error", err)
	c.hub.opts.OnEvent(Event{Guild: c.conn.guild, Channel: channel, Kind: kind, Err: err})
}

// publish shows the world how things stand.
func (c *call) publish() {
	c.status.Channel = c.target
	if c.state.Channel != 0 && c.session != nil {
		c.status.Channel = c.state.Channel
	}
	c.conn.shown.Store(&shown{status: c.status, session: c.session})
}

// established says that audio flows.
func (c *call) established(mode rtp.Mode, link *line.Link) {
	c.conn.line.SetLink(link)
	c.linked = true
	c.hub.opts.Metrics.connections.Inc()
	c.status.Mode, c.status.State = mode, Ready
	if c.phase != asking { // else a move was asked for meanwhile
		c.enter(talking, 0)
	}
	c.publish() // who is answered may look at once
	waiting := c.joins[:0]
	for _, j := range c.joins {
		if j.channel == c.state.Channel {
			j.answer <- nil
			c.hub.opts.Metrics.joins.Observe(time.Since(c.asking).Seconds())
		} else {
			waiting = append(waiting, j)
		}
	}
	c.joins = waiting
	switch {
	case c.announced != 0 && c.announced != c.state.Channel:
		c.emit(Moved, c.state.Channel, nil)
	case c.announced == 0 || c.silent:
		c.emit(Connected, c.state.Channel, nil)
	}
	if c.announced != 0 {
		c.recovered()
	}
	c.announced, c.silent, c.talking, c.cause, c.doubt = c.state.Channel, false, time.Now(), nil, false
}

// recovered notes the end of trouble.
func (c *call) recovered() {
	if c.cause != nil {
		c.status.LastReconnect, c.status.LastCause, c.cause = time.Now(), c.cause, nil
	}
}
