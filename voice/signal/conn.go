package signal

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

const (
	// readLimit bounds a frame. The largest is a Welcome into a call of a thousand
	// members, some hundred kilobytes.
	readLimit = 1 << 20
	// writeTimeout bounds one write; a socket that takes longer is dead.
	writeTimeout = 5 * time.Second
	// closeTimeout is how long the server has to answer our close frame.
	closeTimeout = time.Second
)

// Options configure a Conn. Endpoint, Seq and Handle are required.
type Options struct {
	// Endpoint is host[:port] as VOICE_SERVER_UPDATE gave it. The port counts; a
	// leading "wss://" does not.
	Endpoint string
	// Seq carries the session's newest frame number from socket to socket.
	Seq *Seq
	// Handle gets every message in order, on the goroutine that reads.
	Handle func(ctx context.Context, m Message)
	// DAVE gets the frames of end-to-end encryption; nil ignores them.
	DAVE DAVE
	// Logger receives the protocol at Debug; nil discards.
	Logger *slog.Logger
}

// Conn is one websocket of a voice session. All methods but Run may be called
// concurrently.
type Conn struct {
	opts   Options
	ws     *websocket.Conn
	opened time.Time
	hello  chan time.Duration // size 1: the newest heartbeat interval
	beat   atomic.Int64       // nonce of the newest heartbeat: Unix ms
	beatAt atomic.Int64       // when it went out, time.Duration since opened
	acked  atomic.Int64       // the newest nonce after which an answer came
	ping   atomic.Int64       // time.Duration
}

// Dialer opens websockets. It may be used concurrently.
type Dialer struct{ http *http.Client }

// NewDialer returns a Dialer with the TLS settings given; nil for the system's.
func NewDialer(settings *tls.Config) *Dialer {
	// A websocket takes its connection with it: none is ever kept for reuse.
	return &Dialer{&http.Client{Transport: &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true}}}
}

// Dial opens the websocket. Run must follow.
func (d *Dialer) Dial(ctx context.Context, opts Options) (*Conn, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	host := strings.TrimSuffix(strings.TrimPrefix(opts.Endpoint, "wss://"), "/")
	ws, response, err := websocket.Dial(ctx, "wss://"+host+"/?v=8",
		&websocket.DialOptions{HTTPClient: d.http})
	if err != nil {
		return nil, fmt.Errorf("dial voice gateway %s: %w", host, err)
	}
	if response.Body != nil {
		response.Body.Close() // empty after a handshake; the socket is ws's now
	}
	ws.SetReadLimit(readLimit)
	return &Conn{opts: opts, ws: ws, opened: time.Now(), hello: make(chan time.Duration, 1)}, nil
}

// Run reads and sends heartbeats until the socket ends or ctx does. When ctx ends,
// it closes the socket with 1000, which ends the session too, and returns ctx's
// error; otherwise the socket is left without a good-bye, so that it can be
// resumed, and the error is a *Closed, ErrZombie or what DAVE returned.
func (c *Conn) Run(ctx context.Context) error {
	group, ending := errgroup.WithContext(ctx)
	group.Go(func() error { return c.read(ending) })
	group.Go(func() error { return c.heartbeats(ending) })
	group.Go(func() error {
		<-ending.Done()
		c.hangUp(ctx.Err() != nil)
		return nil
	})
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *Conn) hangUp(politely bool) {
	if politely {
		impatience := time.AfterFunc(closeTimeout, c.Abort)
		defer impatience.Stop()
		_ = c.ws.Close(websocket.StatusNormalClosure, "")
	}
	c.Abort()
}

// Abort drops the socket without a close frame: Run ends with an error, and the
// session may be resumed on another socket.
func (c *Conn) Abort() { _ = c.ws.CloseNow() }

// read handles frames until the socket ends. It is hangUp that ends the socket: a
// read whose own context ends would tear it down without a close frame.
func (c *Conn) read(ctx context.Context) error {
	for {
		kind, data, err := c.ws.Read(context.WithoutCancel(ctx))
		if err != nil {
			return closed(err)
		}
		decode := DecodeText
		if kind == websocket.MessageBinary {
			decode = DecodeBinary
		}
		f, err := decode(data)
		if err != nil {
			c.opts.Logger.Debug("voice gateway frame ignored", "error", err)
			continue
		}
		if err := c.handle(ctx, f); err != nil {
			return err
		}
	}
}

func closed(err error) *Closed {
	var frame websocket.CloseError
	if errors.As(err, &frame) {
		return &Closed{Code: int(frame.Code), Reason: frame.Reason, Err: err}
	}
	return &Closed{Code: CodeAbnormal, Err: err}
}

func (c *Conn) handle(ctx context.Context, f Frame) error {
	c.opts.Logger.Debug("voice gateway frame", "op", int(f.Op), "seq", f.Seq, "bytes", len(f.Data))
	c.opts.Seq.saw(f.Seq)
	if c.opts.DAVE != nil && f.Op.concernsDAVE() {
		if err := c.opts.DAVE.HandleDAVE(ctx, c, f); err != nil {
			return fmt.Errorf("%w, op %d: %w", ErrEncryption, f.Op, err)
		}
	}
	if (f.Op == OpHeartbeat || f.Op == OpHeartbeatAck) && !f.Binary {
		c.heartbeat(ctx, f)
		return nil
	}
	m, err := Parse(f)
	if err != nil {
		c.opts.Logger.Warn("voice gateway message ignored", "op", int(f.Op), "error", err)
		return nil
	}
	if h, ok := m.(Hello); ok {
		c.setInterval(h.HeartbeatInterval)
	}
	if m != nil {
		c.opts.Handle(ctx, m)
	}
	return nil
}

// WriteText sends {"op":op,"d":d}.
func (c *Conn) WriteText(ctx context.Context, op Op, d any) error {
	b, err := json.Marshal(struct {
		Op Op  `json:"op"`
		D  any `json:"d"`
	}{op, d})
	if err != nil {
		return fmt.Errorf("encode op %d: %w", op, err)
	}
	return c.write(ctx, websocket.MessageText, op, b)
}

// WriteBinary sends the opcode as one byte and the payload after it.
func (c *Conn) WriteBinary(ctx context.Context, op Op, payload []byte) error {
	return c.write(ctx, websocket.MessageBinary, op, append([]byte{byte(op)}, payload...))
}

// write sends one frame. Its own clock bounds it, not ctx: a write that is broken
// off would tear the socket down without a close frame.
func (c *Conn) write(ctx context.Context, kind websocket.MessageType, op Op, b []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timed, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := c.ws.Write(timed, kind, b); err != nil {
		c.Abort()
		return fmt.Errorf("send op %d: %w", op, closed(err))
	}
	return nil
}
