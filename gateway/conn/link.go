package conn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// writeTimeout is for one message; a peer that takes longer is gone.
	writeTimeout = 10 * time.Second
	// closeTimeout is how long Discord has to answer our close frame.
	closeTimeout = time.Second
)

// Why a connection ended that Discord did not close.
var (
	errReconnect = errors.New("discord asked for a reconnect (op 7)")
	errInvalid   = errors.New("discord ended the session (op 9)")
	errAgain     = errors.New("discord wants the session resumed (op 9)")
	errZombie    = errors.New("a heartbeat was not acknowledged")
	errNoHello   = errors.New("discord did not say hello")
	errNoReady   = errors.New("discord did not answer with a session")
)

// link is one socket, from its opening to its end. A new one is made for every
// connection, so that nothing of an old one can act on it.
type link struct {
	c        *Conn
	ws       *websocket.Conn
	pace     *pace
	in       inflater
	resuming Session            // zero when it identifies
	greeted  chan struct{}      // closed by Hello
	interval chan time.Duration // size 1: of heartbeats, from Hello
	asked    chan struct{}      // size 1: Discord wants a heartbeat now
	moved    chan struct{}      // size 1: an event came before the link is up
	up       chan struct{}      // closed when it is
	gone     chan struct{}      // closed when it is over
	over     bool               // that it is; guarded by c.mu
	end      context.CancelCauseFunc
	beats    beats

	// of the reading goroutine, and of run once that has ended
	f     frame
	raw   []byte
	since time.Time // when it came up
	large error     // a message was too large to be read, which may have come to light late
	skips skips
}

// dial opens the socket: where the session says, or where sessions begin.
func (c *Conn) dial(ctx context.Context, session Session) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	at := c.opts.URL
	if session.ResumeURL != "" && !c.detour {
		at = session.ResumeURL
	}
	address, err := url.Parse(at)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	query := address.Query()
	query.Set("v", "10")
	query.Set("encoding", "json")
	if c.opts.Compression != None {
		query.Set("compress", c.opts.Compression)
	}
	address.RawQuery = query.Encode()
	if address.Path == "" {
		address.Path = "/"
	}
	ws, response, err := websocket.Dial(ctx, address.String(), &websocket.DialOptions{HTTPClient: c.opts.HTTP})
	c.detour = err != nil && !c.detour
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if response.Body != nil {
		_ = response.Body.Close() // empty after a handshake; the socket is ws's now
	}
	ws.SetReadLimit(int64(c.opts.MaxPayload))
	return ws, nil
}

func newLink(c *Conn, ws *websocket.Conn, session Session) *link {
	return &link{
		c: c, ws: ws, pace: newPace(), in: newInflater[c.opts.Compression](), resuming: session,
		greeted: make(chan struct{}), interval: make(chan time.Duration, 1), asked: make(chan struct{}, 1),
		moved: make(chan struct{}, 1), up: make(chan struct{}), gone: make(chan struct{}),
	}
}

// run serves the link until it is over, and says why.
func (l *link) run(ctx context.Context) error {
	defer l.in.close()
	ending, end := context.WithCancelCause(ctx)
	defer end(nil)
	l.end = end
	// A read whose context ends tears the socket down without a close frame, so this
	// one outlives the link, until Discord has answered that frame or taken too long.
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	defer stopReading()

	var parts sync.WaitGroup
	parts.Go(func() { l.read(reading, ending) })
	parts.Go(func() { l.beat(ending) })
	parts.Go(func() { l.login(ending) })
	<-ending.Done()
	wasUp := l.c.setOver(l)
	impatience := time.AfterFunc(closeTimeout, stopReading)
	_ = l.ws.Close(websocket.StatusCode(l.c.farewell(ctx)), "") // the peer may be gone
	impatience.Stop()
	stopReading()
	parts.Wait()
	err := context.Cause(ending)
	if l.large != nil {
		err = l.large
	}
	if wasUp && l.c.opts.OnDown != nil {
		l.c.opts.OnDown(err)
	}
	return err
}

// farewell is the code to close with. After a final one there is no session to resume.
func (c *Conn) farewell(ctx context.Context) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() == nil || !c.final {
		return closeResumable
	}
	c.session = Session{}
	return closeFinal
}

// read takes messages until the socket ends. What comes while the link is ending is
// not handled, and so comes again after a resume.
func (l *link) read(reading, ending context.Context) {
	for {
		_, r, err := l.ws.Reader(reading)
		if err == nil {
			l.raw, err = readAll(r, l.raw[:0])
		}
		switch {
		case err != nil:
			err = fmt.Errorf("connection closed: %w", err)
			if errors.Is(err, websocket.ErrMessageTooBig) {
				l.large = err
			}
			l.end(err)
			return
		case ending.Err() != nil:
			continue
		}
		l.c.metrics.wireBytes.Add(float64(len(l.raw)))
		if err := l.take(ending, l.raw); err != nil {
			l.end(err)
		}
		l.raw, l.f.copied, l.f.D = trim(l.raw), trim(l.f.copied), nil
	}
}

// take handles one websocket message.
func (l *link) take(ctx context.Context, raw []byte) error {
	text, whole, err := l.in.inflate(raw, l.c.opts.MaxPayload)
	switch {
	case errors.Is(err, errTooLarge):
		l.skip(err)
		return nil
	case err != nil:
		return fmt.Errorf("unpack: %w", err)
	case !whole: // the rest is in the next
		return nil
	}
	l.c.metrics.textBytes.Add(float64(len(text)))
	if err := l.f.parse(text); err != nil {
		l.skip(err)
		return nil
	}
	return l.handle(ctx, &l.f)
}

// handle acts on a message. An error ends the link.
func (l *link) handle(ctx context.Context, f *frame) error {
	switch f.Op {
	case opDispatch:
		l.dispatch(ctx, f)
	case opHeartbeat:
		offer(l.asked)
	case opHeartbeatACK:
		l.c.metrics.latency.Observe(l.beats.ack().Seconds())
	case opHello:
		return l.greet(f.D)
	case opReconnect:
		return errReconnect
	case opInvalidSession:
		var resumable bool
		if json.Unmarshal(f.D, &resumable) == nil && resumable && l.c.Session().ID != "" {
			return errAgain
		}
		return errInvalid
	}
	return nil
}

func (l *link) greet(d json.RawMessage) error {
	var hello struct {
		Interval int64 `json:"heartbeat_interval"` // ms
	}
	if err := json.Unmarshal(d, &hello); err != nil || hello.Interval <= 0 {
		return errNoHello
	}
	select {
	case <-l.greeted: // a second one changes nothing
	default:
		l.interval <- time.Duration(hello.Interval) * time.Millisecond
		close(l.greeted)
	}
	return nil
}

// dispatch has an event handled, and accounts for it after that.
func (l *link) dispatch(ctx context.Context, f *frame) {
	c := l.c
	select {
	case c.turn <- struct{}{}:
		defer c.Release()
	case <-ctx.Done():
		return
	}
	next := c.Session()
	if f.T == "READY" {
		var ready struct {
			ID  string `json:"session_id"`
			URL string `json:"resume_gateway_url"`
		}
		if err := json.Unmarshal(f.D, &ready); err != nil || ready.ID == "" {
			l.skip(errUnreadable)
			return
		}
		next = Session{ID: ready.ID, ResumeURL: resumeURL(ready.URL)}
	}
	if f.S > 0 {
		next.Seq = f.S
	}
	c.deliver(Event{f.T, f.S, f.D})
	c.mu.Lock()
	c.session = next
	c.mu.Unlock()
	switch {
	case f.T == "READY", f.T == "RESUMED":
		l.comeUp(f.T == "RESUMED")
	case l.since.IsZero():
		offer(l.moved)
	}
}

// deliver calls OnEvent, whose panics stop nothing.
func (c *Conn) deliver(e Event) {
	if c.opts.OnEvent == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			trace := make([]byte, 4<<10)
			c.metrics.panics.Inc()
			c.log.Error("event function panicked", "event", e.Type, "panic", p, "stack", string(trace[:runtime.Stack(trace, false)]))
		}
	}()
	c.opts.OnEvent(e)
}

func (l *link) comeUp(resumed bool) {
	if !l.since.IsZero() || !l.c.setLive(l) {
		return
	}
	l.since = time.Now()
	close(l.up)
	if resumed {
		l.c.metrics.resumes.Inc()
	}
	l.c.log.Info("shard is up", "resumed", resumed, "seq", l.c.Session().Seq)
	if l.c.opts.OnUp != nil {
		l.c.opts.OnUp(resumed)
	}
}

// write sends one message. Its own clock bounds it, not ctx: a write that is broken off tears
// the socket down without a close frame.
func (l *link) write(ctx context.Context, b []byte) error {
	timed, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := l.ws.Write(timed, websocket.MessageText, b); err != nil {
		l.end(fmt.Errorf("write: %w", err))
		return err
	}
	return nil
}

func (l *link) writeOp(ctx context.Context, op int, d any) error {
	b, err := json.Marshal(command{op, d})
	if err != nil {
		return fmt.Errorf("encode op %d: %w", op, err)
	}
	return l.write(ctx, b)
}

// offer leaves a token, unless one lies there already.
func offer(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// readAll appends all of r to b.
func readAll(r io.Reader, b []byte) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		} else if err != nil {
			return b, err
		}
	}
}

// keep is the most a buffer may hold between messages: most of them are small, and a
// process has many shards.
const keep = 256 << 10

func trim(b []byte) []byte {
	if cap(b) > keep {
		return nil
	}
	return b
}
