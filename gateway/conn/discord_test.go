package conn_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"busker/gateway/conn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// discord is a Discord in memory that does what a test tells it to: connection n runs
// script n. It lives in the test's bubble.
type discord struct {
	t       *testing.T
	scripts chan func(*peer)
	accept  chan net.Conn
	closed  chan struct{}
	reg     *prometheus.Registry

	serving sync.WaitGroup
	mu      sync.Mutex
	dials   []string // host and query of each connection
}

func newDiscord(t *testing.T, scripts ...func(*peer)) *discord {
	d := &discord{
		t: t, scripts: make(chan func(*peer), len(scripts)), accept: make(chan net.Conn), closed: make(chan struct{}),
		reg: prometheus.NewRegistry(),
	}
	for _, s := range scripts {
		d.scripts <- s
	}
	server := &http.Server{Handler: d, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(d)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
		d.serving.Wait()
	})
	return d
}

// Accept, Close and Addr make a net.Listener of it.
func (d *discord) Accept() (net.Conn, error) {
	select {
	case c := <-d.accept:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *discord) Close() error {
	select {
	case <-d.closed:
	default:
		close(d.closed)
	}
	return nil
}

func (d *discord) Addr() net.Addr { return &net.TCPAddr{} }

func (d *discord) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	if addr == "nowhere:80" {
		return nil, fmt.Errorf("%s does not answer", addr)
	}
	client, server := net.Pipe()
	select {
	case d.accept <- server:
		return client, nil
	case <-d.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *discord) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.serving.Add(1)
	defer d.serving.Done()
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	d.mu.Lock()
	d.dials = append(d.dials, r.Host+"?"+r.URL.RawQuery)
	d.mu.Unlock()
	var script func(*peer)
	select {
	case script = <-d.scripts:
	default:
		d.t.Errorf("connection %d was not expected", len(d.dials))
		return
	}
	p := &peer{t: d.t, ws: ws}
	if packer := packers[r.URL.Query().Get("compress")]; packer != nil {
		p.pack = packer()
	}
	script(p)
}

// options are those of shard 1 of 4, without compression.
func (d *discord) options() conn.Options {
	return conn.Options{
		Token: "t0ken", URL: "ws://discord.test", Shard: 1, Shards: 4, Intents: 129, Compression: conn.None,
		HTTP:    &http.Client{Transport: &http.Transport{DialContext: d.dial, DisableKeepAlives: true}},
		Metrics: conn.NewMetrics(d.reg),
	}
}

// peer is one connection, seen from Discord.
type peer struct {
	t    *testing.T
	ws   *websocket.Conn
	pack func([]byte) []byte // nil: text
	beat int                 // heartbeats seen
	mute bool                // heartbeats are not acknowledged
	gone error               // why nothing more comes
}

type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	at   time.Time
}

func (p *peer) send(format string, args ...any) {
	text := fmt.Appendf(nil, format, args...)
	if p.pack == nil {
		_ = p.ws.Write(context.Background(), websocket.MessageText, text)
		return
	}
	_ = p.ws.Write(context.Background(), websocket.MessageBinary, p.pack(text))
}

func (p *peer) hello(every time.Duration) {
	p.send(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":%d}}`, every.Milliseconds())
}

func (p *peer) event(seq int, name, d string) {
	p.send(`{"t":"%s","s":%d,"op":0,"d":%s}`, name, seq, d)
}

func (p *peer) ready(session string) {
	p.event(1, "READY", `{"session_id":"`+session+`","resume_gateway_url":"ws://resume.test"}`)
}

// login does what Discord does up to READY.
func (p *peer) login(session string) frame {
	p.hello(time.Minute)
	f := p.expect(2)
	p.ready(session)
	return f
}

// resumed does what Discord does up to RESUMED.
func (p *peer) resumed(seq int) frame {
	p.hello(time.Minute)
	f := p.expect(6)
	p.event(seq, "RESUMED", "{}")
	return f
}

// read returns the next frame, heartbeats included.
func (p *peer) read() (f frame, ok bool) {
	_, data, err := p.ws.Read(context.Background())
	if p.gone = err; err != nil {
		return f, false
	}
	if err := json.Unmarshal(data, &f); err != nil {
		p.t.Errorf("got %q: %v", data, err)
	}
	f.at = time.Now()
	if f.Op == 1 {
		p.beat++
		if !p.mute {
			p.send(`{"op":11}`)
		}
	}
	return f, true
}

// next returns the next frame that is no heartbeat.
func (p *peer) next() (frame, bool) {
	for {
		if f, ok := p.read(); !ok || f.Op != 1 {
			return f, ok
		}
	}
}

func (p *peer) expect(op int) frame {
	f, ok := p.next()
	if !ok || f.Op != op {
		p.t.Errorf("got op %d (%v), want %d: %s %v", f.Op, ok, op, f.Data, p.gone)
	}
	return f
}

// stay reads until the client goes, and returns the code it went with.
func (p *peer) stay() int {
	for {
		if f, ok := p.next(); !ok {
			return int(websocket.CloseStatus(p.gone))
		} else if f.Op != 4 {
			p.t.Errorf("got op %d: %s", f.Op, f.Data)
		}
	}
}

func (p *peer) close(code int) { _ = p.ws.Close(websocket.StatusCode(code), "") }

// packers compress as Discord does: one context for the connection, a flush for every
// message.
var packers = map[string]func() func([]byte) []byte{
	conn.Zstd: func() func([]byte) []byte {
		var out bytes.Buffer
		z, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err)
		}
		return func(text []byte) []byte {
			out.Reset()
			_, _ = z.Write(text)
			_ = z.Flush()
			return bytes.Clone(out.Bytes())
		}
	},
	conn.Zlib: func() func([]byte) []byte {
		var out bytes.Buffer
		z := zlib.NewWriter(&out)
		return func(text []byte) []byte {
			out.Reset()
			_, _ = z.Write(text)
			_ = z.Flush()
			return bytes.Clone(out.Bytes())
		}
	},
}

// shard is a Conn that runs in a test's bubble.
type shard struct {
	*conn.Conn
	*discord
	events chan conn.Event
	stop   func() error // ends Run and returns its error
	ended  chan error
}

// run starts a Conn against d; change may alter its options.
func (d *discord) run(change func(*conn.Options)) *shard {
	d.t.Helper()
	s := &shard{discord: d, events: make(chan conn.Event, 1000), ended: make(chan error, 1)}
	opts := d.options()
	opts.OnEvent = func(e conn.Event) {
		e.Data = bytes.Clone(e.Data)
		s.events <- e
	}
	if change != nil {
		change(&opts)
	}
	c, err := conn.New(opts)
	if err != nil {
		d.t.Fatal(err)
	}
	s.Conn = c
	ctx, cancel := context.WithCancel(context.Background())
	go func() { s.ended <- c.Run(ctx) }()
	s.stop = func() error {
		cancel()
		err := <-s.ended
		s.ended <- err
		return err
	}
	d.t.Cleanup(func() { _ = s.stop() })
	return s
}

// want takes the next event and checks it.
func (s *shard) want(name string, seq int64) conn.Event {
	s.t.Helper()
	select {
	case e := <-s.events:
		if e.Type != name || e.Seq != seq {
			s.t.Errorf("got %s number %d, want %s number %d", e.Type, e.Seq, name, seq)
		}
		return e
	case err := <-s.ended:
		s.ended <- err
		s.t.Fatalf("ended with %v", err)
	case <-time.After(time.Hour):
		s.t.Fatalf("%s did not come", name)
	}
	panic("unreachable")
}

// count returns a figure.
func (d *discord) count(name string) float64 {
	d.t.Helper()
	families, err := d.reg.Gather()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "busker_gateway_"+name {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	d.t.Fatalf("there is no %s", name)
	return 0
}

func sleep(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's
