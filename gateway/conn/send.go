package conn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Opcodes of Discord's gateway (Discord docs, "Gateway Opcodes").
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	OpVoiceState     = 4 // sent before all else that waits
	opResume         = 6
	opReconnect      = 7
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatACK   = 11
)

// maxCommand is how many bytes Discord takes in one message; more is closed with 4002.
const maxCommand = 15 << 10

var (
	// ErrBusy is Send's when its ctx would end before the connection's limit allows.
	ErrBusy = errors.New("the limit of commands is used up")
	// ErrDown is Send's when ctx ended before the connection was up, or Run did.
	ErrDown = errors.New("the shard is not connected")
	// errGone ends a wait on a connection that was lost meanwhile.
	errGone = errors.New("connection lost")
)

// command is a message to Discord.
type command struct {
	Op int `json:"op"`
	D  any `json:"d"`
}

// Send sends {"op":op,"d":d} once the connection is up and its limit allows; op 4 goes
// before all else. It fails at once with ErrBusy when ctx would end before its turn. A
// command that met a dying connection is sent again on the next.
func (c *Conn) Send(ctx context.Context, op int, d any) error {
	payload, err := json.Marshal(command{op, d})
	if err != nil {
		return fmt.Errorf("encode op %d: %w", op, err)
	}
	if len(payload) > maxCommand {
		return fmt.Errorf("op %d has %d bytes, and Discord takes %d", op, len(payload), maxCommand)
	}
	for {
		l, err := c.waitUp(ctx)
		if err != nil {
			return err
		}
		switch err := c.sendOn(ctx, l, op, d, payload); {
		case errors.Is(err, errGone):
		default:
			return err
		}
	}
}

// sendOn sends on one connection, and returns errGone when that is over.
func (c *Conn) sendOn(ctx context.Context, l *link, op int, d any, payload []byte) error {
	if err := l.pace.turn(ctx, op == OpVoiceState, l.gone); err != nil {
		return err
	}
	if ask := c.opts.MaySend; ask != nil {
		if err := ask(ctx, op, d); err != nil {
			return err
		}
	}
	if err := l.write(ctx, payload); err != nil {
		select { // the link is ending, and in a moment is over
		case <-l.gone:
			return errGone
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrDown, ctx.Err())
		}
	}
	c.metrics.commands.Inc()
	return nil
}

func (c *Conn) waitUp(ctx context.Context) (*link, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDown, err)
		}
		c.mu.Lock()
		l, up := c.live, c.up
		c.mu.Unlock()
		if l != nil {
			return l, nil
		}
		select {
		case <-up:
		case <-c.ended:
			return nil, ErrDown
		case <-ctx.Done():
		}
	}
}

// setLive notes that l is up; false when it is over already.
func (c *Conn) setLive(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.over {
		return false
	}
	c.live = l
	close(c.up)
	c.metrics.connected.Inc()
	return true
}

// setOver notes that l is over, and reports whether it was up.
func (c *Conn) setOver(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.over = true
	close(l.gone)
	if c.live != l {
		return false
	}
	c.live, c.up = nil, make(chan struct{})
	c.metrics.connected.Dec()
	return true
}
