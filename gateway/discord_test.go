package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/prometheus/client_golang/prometheus"

	"busker/gateway"
	"busker/gateway/conn"
)

// discord is a Discord that does exactly what a test tells it to: connection n of
// the gateway runs script n.
type discord struct {
	t       *testing.T
	server  *httptest.Server
	scripts chan func(*peer) // one for each connection, in order
	limit   discordgo.SessionInformation
	status  int // of GET /gateway/bot; 0 is 200
	count   atomic.Int32
}

func newDiscord(t *testing.T, scripts ...func(*peer)) *discord {
	d := &discord{t: t, scripts: make(chan func(*peer), 16)}
	d.limit = discordgo.SessionInformation{Total: 1000, Remaining: 900, MaxConcurrency: 1}
	d.server = httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(d.server.Close)
	for _, s := range scripts {
		d.scripts <- s
	}
	return d
}

func (d *discord) wsURL() string { return strings.Replace(d.server.URL, "http", "ws", 1) }

func (d *discord) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/gateway/bot") {
		if d.status != 0 {
			http.Error(w, `{"message":"401: Unauthorized","code":0}`, d.status)
			return
		}
		_ = json.NewEncoder(w).Encode(discordgo.GatewayBotResponse{URL: d.wsURL(), Shards: 1, SessionStartLimit: d.limit})
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	d.count.Add(1)
	select {
	case script := <-d.scripts:
		script(&peer{t: d.t, Conn: ws})
	case <-d.t.Context().Done():
	}
}

// peer is one gateway connection, seen from Discord.
type peer struct {
	t *testing.T
	*websocket.Conn
	gone error // why nothing more comes
}

type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	at   time.Time
}

func (p *peer) send(format string, args ...any) {
	_ = p.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, format, args...))
}

func (p *peer) hello(interval time.Duration) {
	p.send(`{"op":10,"d":{"heartbeat_interval":%d}}`, interval.Milliseconds())
}

// next returns the next frame that is no heartbeat, which it acknowledges.
func (p *peer) next() (frame, bool) {
	for {
		var f frame
		if p.gone = wsjson.Read(context.Background(), p.Conn, &f); p.gone != nil {
			return f, false
		}
		if f.Op == 1 {
			p.send(`{"op":11}`)
			continue
		}
		f.at = time.Now()
		return f, true
	}
}

// expect returns the next frame and complains when it has another opcode.
func (p *peer) expect(op int) frame {
	f, ok := p.next()
	if !ok || f.Op != op {
		p.t.Errorf("got op %d (%v), want %d: %s", f.Op, ok, op, f.Data)
	}
	return f
}

func (p *peer) ready(extra string) {
	p.send(`{"op":0,"s":1,"t":"READY","d":{"v":9,"session_id":"s1","user":{"id":"900","username":"busker"},`+
		`"application":{"id":"901"},"guilds":[{"id":"1","unavailable":true}]%s}}`, extra)
}

// login does what Discord does up to READY.
func (p *peer) login() frame {
	p.hello(time.Minute)
	f := p.expect(2)
	p.ready("")
	return f
}

// stay reads until the client goes.
func (p *peer) stay() {
	for {
		if _, ok := p.next(); !ok {
			return
		}
	}
}

func (p *peer) close(code int) {
	_ = p.Close(websocket.StatusCode(code), "")
}

// options are quick ones, against d.
func (d *discord) options() gateway.Options {
	base, err := url.Parse(d.server.URL)
	if err != nil {
		d.t.Fatal(err)
	}
	return gateway.Options{
		Token: "t0ken", API: base, Transport: &http.Transport{DisableKeepAlives: true},
		Compression: conn.None, IdentifyEvery: time.Millisecond, ResumeWait: time.Millisecond, ReconnectWait: time.Millisecond,
	}
}

// run starts a gateway and returns it with a function that stops it and returns
// Run's error.
func run(t *testing.T, opts gateway.Options) (*gateway.Gateway, func() error) {
	t.Helper()
	g, err := gateway.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	stopped := false
	stop := func() error {
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() {
		if !stopped {
			if err := stop(); err != nil {
				t.Errorf("run: %v", err)
			}
		}
	})
	return g, stop
}

// soon is how long a test waits for what must happen.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// get receives from c, or fails.
func get[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-soon(t).Done():
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// count returns what a counter has come to.
func count(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

// waitCount waits until a counter has come to n.
func waitCount(t *testing.T, reg *prometheus.Registry, name string, n float64) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := soon(t)
	for count(t, reg, name) < n {
		select {
		case <-tick.C:
		case <-deadline.Done():
			t.Fatalf("%s did not come to %v", name, n)
		}
	}
}
