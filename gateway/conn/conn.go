// Package conn is one shard's connection with Discord's gateway: it identifies or
// resumes, beats, reads events in order, and sends commands within Discord's limit.
//
// It knows no guilds and no other shards: who may connect or identify, and when, it
// asks; what an event means, others read. Run owns every goroutine, and a Session
// can be handed to another process, whose Conn resumes it.
package conn

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"busker/internal/fault"
)

// Session is what it takes to resume: everything but the token. The zero Session is
// none.
type Session struct {
	ID        string `json:"id"`
	ResumeURL string `json:"resume_url,omitempty"` // "" = where sessions begin
	Seq       int64  `json:"seq"`                  // of the newest event that was handled
}

// Event is a dispatch. Data is valid until OnEvent returns.
type Event struct {
	Type string // "GUILD_CREATE"
	Seq  int64
	Data json.RawMessage
}

// The compressions there are.
const (
	Zstd = "zstd-stream"
	Zlib = "zlib-stream"
	None = "none"
)

// Options of a Conn. Token, URL and Shards are needed.
type Options struct {
	Token         Token
	URL           string // where new sessions begin, "wss://gateway.discord.gg"
	Shard, Shards int
	Intents       int
	Session       Session // to resume; zero identifies
	Compression   string  // Zstd, Zlib or None; "" is Zstd

	// Permit is asked before every Identify, on an open connection, and waits for the
	// shard's turn; ctx ends with the connection. Its error ends Run. Nil permits.
	Permit func(ctx context.Context) error
	// MayConnect is asked before every connection whether this shard is still ours; its
	// error ends Run. Nil permits.
	MayConnect func(ctx context.Context) error
	// MaySend is asked before every command of Send when its turn has come, with what
	// Send was given; its error is Send's. Nil permits.
	MaySend func(ctx context.Context, op int, d any) error

	// OnEvent gets every event, READY and RESUMED included, in order, on the goroutine
	// that reads: it must not wait. An event counts as handled when it has returned,
	// and is sent again after a resume if the connection is lost before. A panic in it
	// is caught and costs that event.
	OnEvent func(Event)
	// OnUp hears that events come and commands go, OnDown that they no longer do.
	OnUp   func(resumed bool)
	OnDown func(err error)

	TLS  *tls.Config  // nil trusts the system's roots
	HTTP *http.Client // carries the websocket handshake; nil is one that uses TLS

	Timeout       time.Duration // for each step: the socket, Hello, READY or RESUMED; 0 is 30 s
	ReconnectWait time.Duration // first pause before a reconnect, doubled up to 2 min; 0 is 500 ms
	InvalidWait   time.Duration // longest random wait before a new session after op 9, a fifth the shortest; 0 is Discord's 5 s
	MaxPayload    int           // bytes of a message, unpacked; larger ones are skipped; 0 is 32 MiB

	Logger  *slog.Logger // nil discards
	Metrics *Metrics     // nil counts for nobody
}

// Conn is a shard's connection. All methods but Run may be called concurrently.
type Conn struct {
	opts    Options
	log     *slog.Logger
	metrics *Metrics
	ended   chan struct{} // closed when Run returns
	turn    chan struct{} // size 1: full while an event is handled, or events are held

	// of Run alone
	detour   bool // the address to resume at did not answer: the next try goes to URL
	waitLong bool // Discord ended the session by op 9
	inVain   int  // resumes in a row that Discord answered with no more than a close

	mu      sync.Mutex
	session Session
	final   bool          // close with 1000 when Run's ctx ends
	live    *link         // nil while down
	up      chan struct{} // closed while up
}

// New checks opts and prepares a Conn; Run connects it.
func New(opts Options) (*Conn, error) {
	opts.setDefaults()
	address, err := url.Parse(opts.URL)
	switch {
	case opts.Token == "":
		return nil, fault.New(fault.Invalid, "No Discord token is configured.")
	case err != nil || address.Host == "":
		return nil, fmt.Errorf("gateway address %q is none", opts.URL)
	case opts.Shards < 1 || opts.Shard < 0 || opts.Shard >= opts.Shards:
		return nil, fmt.Errorf("shard %d of %d makes no sense", opts.Shard, opts.Shards)
	case newInflater[opts.Compression] == nil:
		return nil, fmt.Errorf("compression %q is unknown", opts.Compression)
	}
	opts.Session.ResumeURL = resumeURL(opts.Session.ResumeURL)
	return &Conn{
		opts: opts, log: opts.Logger.With("shard", opts.Shard), metrics: opts.Metrics,
		session: opts.Session, up: make(chan struct{}), ended: make(chan struct{}),
		turn: make(chan struct{}, 1),
	}, nil
}

func (o *Options) setDefaults() {
	if o.Compression == "" {
		o.Compression = Zstd
	}
	if o.HTTP == nil {
		// A websocket takes its connection with it: none is ever kept for reuse.
		o.HTTP = &http.Client{Transport: &http.Transport{TLSClientConfig: o.TLS, DisableKeepAlives: true}}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 32 << 20 // the largest guilds take a few megabytes
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.Timeout, 30 * time.Second},
		{&o.ReconnectWait, 500 * time.Millisecond},
		{&o.InvalidWait, 5 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
}

// refusal is an error of whoever was asked for leave. It ends Run.
type refusal struct{ error }

// Unwrap returns the error as it was given.
func (r refusal) Unwrap() error { return r.error }

// stable is how long a connection must have been up to make the next pause a short one.
const stable = 30 * time.Second

// patience is how many resumes in a row may come to nothing: Discord has been seen to
// close, for a minute and a half, every connection that wanted a session it had broken.
const patience = 6

// Run connects, and connects again, until ctx ends, somebody who is asked refuses, or
// Discord refuses for good, which is a fault that says what to do. It runs once.
func (c *Conn) Run(ctx context.Context) error {
	defer close(c.ended)
	again := Backoff{First: c.opts.ReconnectWait}
	for {
		if ask := c.opts.MayConnect; ask != nil {
			if err := ask(ctx); err != nil {
				return err
			}
		}
		up, err := c.connect(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.inVain >= patience {
			c.log.Warn("session given up", "resumes", c.inVain)
			c.forget()
		}
		if over := c.judge(err); over != nil {
			return over
		}
		if up > stable {
			again.Reset()
		}
		c.metrics.reconnects.Inc()
		c.log.Warn("shard lost its connection", "err", err, "up", up.Round(time.Second))
		if err := pause(ctx, max(again.Next(), c.invalidWait())); err != nil {
			return err
		}
	}
}

// judge decides what the end of a connection means for the session, and returns an
// error when it is the end of everything.
func (c *Conn) judge(err error) error {
	var asked refusal
	code := closeCode(err)
	switch {
	case errors.As(err, &asked):
		return asked.error
	case fatal[code] != "":
		return fatalError{code, err}
	case code == closeInvalidSeq, code == closeSessionTimeout,
		errors.Is(err, websocket.ErrMessageTooBig): // which a resume would bring again
		c.forget()
	case errors.Is(err, errInvalid):
		c.forget()
		c.waitLong = true
	}
	return nil
}

// forget has the next connection identify.
func (c *Conn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = Session{}
	c.inVain = 0
}

// invalidWait is the pause Discord asks for after op 9: 1 to 5 s, at random.
func (c *Conn) invalidWait() time.Duration {
	if !c.waitLong {
		return 0
	}
	c.waitLong = false
	longest := c.opts.InvalidWait
	return longest/5 + rand.N(longest*4/5+1)
}

// connect lives one connection, and returns why it ended and how long it was up.
func (c *Conn) connect(ctx context.Context) (up time.Duration, err error) {
	session := c.Session()
	ws, err := c.dial(ctx, session)
	if err != nil {
		return 0, err
	}
	l := newLink(c, ws, session)
	err = l.run(ctx)
	switch {
	case !l.since.IsZero():
		c.inVain = 0
		return time.Since(l.since), err
	case c.Session() != session: // some of what was missed came
		c.inVain = 0
	case session.ID != "":
		c.inVain++
	}
	return 0, err
}

// Session is what another process needs to resume: zero before the first READY, after
// a session was lost, and after a final end.
func (c *Conn) Session() Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Up reports whether events come.
func (c *Conn) Up() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live != nil
}

// End says how to close when Run's ctx ends: final ends the session, and with it the
// bot's voice states; otherwise, and without a word, it can be resumed for some minutes.
func (c *Conn) End(final bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.final = final
}

// Hold keeps events back until Release: when it returns nil, all that came before are
// handled, Session names the newest of them, and the next waits. Those that wait when
// the connection ends are sent again after a resume, here or elsewhere. Hold no longer
// than some seconds: heartbeats are not seen to be acknowledged meanwhile.
func (c *Conn) Hold(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("hold events: %w", ctx.Err())
	}
}

// Release lets events come after a Hold.
func (c *Conn) Release() { <-c.turn }
