package voice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice/line"
)

// Conn is the voice connection of one guild. It exists for as long as its Hub; what
// comes and goes is the call in it. All methods may be called concurrently, but
// one goroutine at a time calls Await and Send.
type Conn struct {
	hub   *Hub
	guild snowflake.ID
	line  *line.Line
	keys  keyring
	shown atomic.Pointer[shown]

	mu   sync.Mutex
	call *call // nil when out
}

// shown is what a call shows of itself.
type shown struct {
	status  Status
	session *session
}

func newConn(hub *Hub, guild snowflake.ID) *Conn {
	c := &Conn{hub: hub, guild: guild, line: line.New(line.Options{
		Lookahead: hub.opts.Lookahead, Metrics: hub.opts.Metrics.line,
	})}
	c.shown.Store(new(shown))
	return c
}

// Join goes to channel, from wherever the connection is, and returns once audio can
// be sent there. When it fails, the connection is where it was before; the error
// is a fault. Packets queued before a move are sent after it.
func (c *Conn) Join(ctx context.Context, channel snowflake.ID) error {
	if channel == 0 {
		return fault.New(fault.Invalid, "That is not a voice channel.")
	}
	if c.hub.opts.User() == 0 {
		return fault.New(fault.Unavailable, "I am not connected to Discord yet. Try again in a moment.")
	}
	patience := c.hub.opts.Timeouts.Join
	timed, cancel := context.WithTimeoutCause(ctx, patience, fault.Wrap(fault.Timeout,
		"Discord's voice server did not answer. Try again in a moment.",
		fmt.Errorf("join voice channel: %w after %v", errNoAnswer, patience)))
	defer cancel()
	for {
		err := c.join(timed, channel)
		if !errors.Is(err, errEnding) {
			return err
		}
		// The call we met was just ending: begin another.
	}
}

func (c *Conn) join(ctx context.Context, channel snowflake.ID) error {
	answer := make(chan error, 1)
	call, fresh := c.request(joinRequest{channel, answer})
	if fresh {
		if err := c.hub.adopt(ctx, call); err != nil {
			call.err = err
			call.bury()
			return err
		}
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		// Taken back or not, the Join is answered: by the call or by its end.
		call.inbox.put(abandon{answer, context.Cause(ctx)})
		return <-answer
	}
}

// request puts r to the call in progress, or to a new one, which must be run.
func (c *Conn) request(r joinRequest) (to *call, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fresh = c.call == nil; fresh {
		c.line.Flush()
		c.call = newCall(c, r.channel)
	}
	c.call.inbox.put(r)
	return c.call, fresh
}

// bury makes room for the next call, and returns what the last was not told.
func (c *Conn) bury(last *call) []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.Flush()
	c.call = nil
	return last.inbox.close()
}

func (c *Conn) current() *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.call
}

// Await waits until at most half of the queue is unsent and returns how many packets
// fit, at least one. That is how the caller keeps time: while the connection is
// interrupted, the queue stands still. The error is a fault when there is no
// connection, and ctx's when that ends.
func (c *Conn) Await(ctx context.Context) (room int, err error) {
	call := c.current()
	if call == nil {
		return 0, errOut()
	}
	if room, err = c.line.Await(ctx, call.hungUp); errors.Is(err, line.ErrOver) {
		return 0, errOut()
	}
	return room, err
}

// Send takes ownership of p and queues it; it never waits. The error is a fault when
// there is no connection, and ErrFull when Await was not asked for room. p is
// released then.
func (c *Conn) Send(p *audio.Packet) error {
	if call := c.current(); call != nil {
		select {
		case <-call.hungUp:
		default:
			return c.line.Send(p)
		}
	}
	p.Release()
	return errOut()
}

// ErrFull says that a packet was sent for which there was no room.
var ErrFull = line.ErrFull

func errOut() error { return fault.New(fault.Unavailable, "I am not in a voice channel.") }

// Flush drops the packets not sent yet and returns how many there were.
func (c *Conn) Flush() int { return c.line.Flush() }

// Sent returns the number of audio packets whose time has come since the Conn
// exists: handed to the network, or dropped for want of a key, as when nobody else is
// in the call. It never goes back; silence frames do not count.
func (c *Conn) Sent() uint64 { return c.line.Sent() }

// Leave ends the call: queued packets are dropped, listeners get five frames of
// silence, Discord is told. It returns once nothing of the call is left, or when
// ctx ends; the call ends then all the same. Without a call it does nothing.
func (c *Conn) Leave(ctx context.Context) error {
	call := c.current()
	if call == nil {
		return nil
	}
	answer := make(chan error, 1)
	if !call.inbox.put(leaveRequest{answer}) {
		return nil
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Abandon ends the call without a word to Discord, whose voice state may be that of
// another process by now: no op 4, no silence, no event. It never waits; a Join that
// follows begins another call. Without a call it does nothing.
func (c *Conn) Abandon() {
	if call := c.current(); call != nil {
		call.inbox.put(giveUp{})
	}
}

// Status returns a snapshot of the connection.
func (c *Conn) Status() Status {
	shown := c.shown.Load()
	status := shown.status
	if shown.session != nil {
		if socket := shown.session.socket.Load(); socket != nil {
			status.Ping = socket.Ping().Round(time.Microsecond)
		}
		if shown.session.dave != nil {
			status.encryption(shown.session.dave.Status())
		}
	}
	status.Lateness = c.line.Lateness()
	status.Queued = c.line.Queued()
	status.Sent = c.line.Sent()
	status.Late = c.line.Late()
	status.Underruns = c.line.Underruns()
	return status
}
