package signal_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"busker/voice/rtp"
	"busker/voice/signal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the server's end of one socket.
type peer struct {
	t    *testing.T
	ws   *websocket.Conn
	read chan string // text frames as they are, binary ones as "binary " and the bytes
	code chan websocket.StatusCode
}

// serve accepts sockets; what it reads of them ends in the peer's channels.
func serve(t *testing.T) (endpoint string, dialer *signal.Dialer, peers <-chan *peer) {
	t.Helper()
	accepted := make(chan *peer, 10)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		p := &peer{t: t, ws: ws, read: make(chan string, 1000), code: make(chan websocket.StatusCode, 1)}
		accepted <- p
		for {
			kind, b, err := ws.Read(context.Background())
			if err != nil {
				p.code <- websocket.CloseStatus(err)
				return
			}
			if kind == websocket.MessageBinary {
				b = append([]byte("binary "), b...)
			}
			p.read <- string(b)
		}
	}))
	t.Cleanup(server.Close)
	return "wss://" + server.Listener.Addr().String(), signal.NewDialer(trusting(server)), accepted
}

// trusting returns TLS settings that trust the server.
func trusting(s *httptest.Server) *tls.Config {
	return s.Client().Transport.(*http.Transport).TLSClientConfig
}

func (p *peer) text(s string) { _ = p.ws.Write(context.Background(), websocket.MessageText, []byte(s)) }

func (p *peer) binary(b ...byte) {
	_ = p.ws.Write(context.Background(), websocket.MessageBinary, b)
}

func (p *peer) next() string {
	p.t.Helper()
	select {
	case s := <-p.read:
		return s
	case <-time.After(10 * time.Second):
		p.t.Fatal("the client says nothing")
		return ""
	}
}

// client is a running Conn and what it heard.
type client struct {
	*signal.Conn
	seq      signal.Seq
	messages chan signal.Message
	ended    chan error
	cancel   context.CancelFunc
}

func dial(t *testing.T, adjust ...func(*signal.Options)) (*client, *peer) {
	t.Helper()
	endpoint, dialer, peers := serve(t)
	c := &client{messages: make(chan signal.Message, 100), ended: make(chan error, 1)}
	opts := signal.Options{
		Endpoint: endpoint, Seq: &c.seq,
		Handle: func(_ context.Context, m signal.Message) { c.messages <- m },
	}
	for _, f := range adjust {
		f(&opts)
	}
	conn, err := dialer.Dial(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	c.Conn = conn
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	var wg sync.WaitGroup
	wg.Go(func() { c.ended <- conn.Run(ctx) })
	p := <-peers
	t.Cleanup(func() { cancel(); wg.Wait(); p.ws.CloseNow() })
	return c, p
}

func (c *client) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-c.ended:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Run does not end")
		return nil
	}
}

func TestCommandsOnTheWire(t *testing.T) {
	c, p := dial(t)
	id := signal.Identity{Guild: 1, User: 2, SessionID: "s", Token: "t"}
	ctx := t.Context()
	for _, tt := range []struct {
		name string
		send func() error
		want string
	}{
		{
			"identify", func() error { return c.Identify(ctx, id, 0) },
			`{"op":0,"d":{"server_id":"1","user_id":"2","session_id":"s","token":"t","max_dave_protocol_version":0}}`,
		},
		{
			"resume before any number", func() error { return c.Resume(ctx, id) },
			`{"op":7,"d":{"server_id":"1","session_id":"s","token":"t","seq_ack":-1}}`,
		},
		{
			"select", func() error { return c.Select(ctx, netip.MustParseAddrPort("203.0.113.9:1234"), rtp.AES256GCM) },
			`{"op":1,"d":{"protocol":"udp","data":{"address":"203.0.113.9","port":1234,"mode":"aead_aes256_gcm_rtpsize"},` +
				`"codecs":[{"name":"opus","type":"audio","priority":1000,"payload_type":120}]}}`,
		},
		{
			"speaking", func() error { return c.Speaking(ctx, signal.Microphone, 9) },
			`{"op":5,"d":{"speaking":1,"delay":0,"ssrc":9}}`,
		},
		{
			"binary", func() error { return c.WriteBinary(ctx, signal.OpMLSKeyPackage, []byte{1, 2}) },
			"binary \x1A\x01\x02",
		},
	} {
		if err := tt.send(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := p.next(); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// beat reads the next heartbeat.
func (p *peer) beat() (nonce, seqAck int64) {
	p.t.Helper()
	var v struct {
		Op int `json:"op"`
		D  struct {
			T      int64  `json:"t"`
			SeqAck *int64 `json:"seq_ack"`
		} `json:"d"`
	}
	if s := p.next(); json.Unmarshal([]byte(s), &v) != nil || v.Op != 3 || v.D.SeqAck == nil {
		p.t.Fatalf("heartbeat %s", s)
	}
	return v.D.T, *v.D.SeqAck
}

func (p *peer) ack(nonce int64) {
	b, _ := json.Marshal(map[string]any{"op": 6, "d": map[string]any{"t": nonce}})
	p.text(string(b))
}

// TestHeartbeatsAcknowledgeTheNewestNumber: -1 before the first; 0 is a number; a
// binary one is unsigned; it wraps.
func TestHeartbeatsAcknowledgeTheNewestNumber(t *testing.T) {
	c, p := dial(t)
	p.text(`{"op":8,"d":{"heartbeat_interval":30}}`)
	for _, step := range []struct {
		say  func()
		want int64
	}{
		{func() {}, -1},
		{func() { p.text(`{"op":11,"d":{"user_ids":[]},"seq":0}`) }, 0},
		{func() { p.binary(0xFF, 0xFE, 25) }, 0xFFFE},
		{func() { p.text(`{"op":18,"d":{},"seq":65535}`) }, 0xFFFF},
		{func() { p.text(`{"op":18,"d":{}}`) }, 0xFFFF},
		{func() { p.binary(0, 0, 27) }, 0},                              // wrapped
		{func() { p.text(`{"op":13,"d":{"user_id":"x"},"seq":3}`) }, 3}, // not parsable
		{func() { p.text(`{"op":6,"d":{"t":12345}}`) }, 3},              // an answer to nothing
	} {
		step.say()
		for {
			nonce, got := p.beat()
			p.ack(nonce)
			if got == step.want {
				break
			}
		}
	}
	if c.Ping() < 0 || c.Ping() > 10*time.Second || c.seq.Last() != 3 {
		t.Errorf("ping %v, last %d", c.Ping(), c.seq.Last())
	}
}

// TestAnyAnswerIsASignOfLife: an answer to another beat than the last is no reason to
// reconnect.
func TestAnyAnswerIsASignOfLife(t *testing.T) {
	c, p := dial(t)
	p.text(`{"op":8,"d":{"heartbeat_interval":50}}`)
	for range 10 {
		p.beat()
		p.ack(12345)
	}
	if c.Ping() != 0 {
		t.Errorf("ping %v of an answer to nothing", c.Ping())
	}
}

func TestHeartbeatOnRequest(t *testing.T) {
	_, p := dial(t)
	p.text(`{"op":3,"d":null}`)
	if nonce, _ := p.beat(); time.Since(time.UnixMilli(nonce)) > time.Minute {
		t.Errorf("nonce %d", nonce)
	}
}

// TestZombie: the first beat comes within an interval, and when the next is due
// without an answer the socket is given up: two intervals in all.
func TestZombie(t *testing.T) {
	c, p := dial(t)
	p.text(`{"op":8,"d":{"heartbeat_interval":20}}`)
	p.beat()
	if err := c.end(t); !errors.Is(err, signal.ErrZombie) {
		t.Fatalf("ended with %v", err)
	}
	if len(p.read) > 0 {
		t.Errorf("a second beat: %s", p.next())
	}
	if code := <-p.code; code == websocket.StatusNormalClosure {
		t.Error("the session was ended, not just the socket")
	}
}

func TestEnds(t *testing.T) {
	for _, tt := range []struct {
		name     string
		end      func(*client, *peer)
		code     int // of the error
		reason   string
		canceled bool
	}{
		{"closed by the server", func(_ *client, p *peer) { p.ws.Close(4014, "Disconnected.") }, 4014, "Disconnected.", false},
		{"cut", func(_ *client, p *peer) { p.ws.CloseNow() }, 1006, "", false},
		{"aborted", func(c *client, _ *peer) { c.Abort() }, 1006, "", false},
		{"canceled", func(c *client, _ *peer) { c.cancel() }, 0, "", true},
		{"frame too large", func(_ *client, p *peer) { p.text(`{"op":18,"d":"` + strings.Repeat("x", 1<<20) + `"}`) }, 1006, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, p := dial(t)
			tt.end(c, p)
			err := c.end(t)
			var closed *signal.Closed
			switch {
			case tt.canceled:
				if code := <-p.code; !errors.Is(err, context.Canceled) || code != websocket.StatusNormalClosure {
					t.Errorf("ended with %v, code %d", err, code)
				}
			case !errors.As(err, &closed) || closed.Code != tt.code || closed.Reason != tt.reason:
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestNonsenseIsIgnored(t *testing.T) {
	c, p := dial(t)
	p.text(`nonsense`)
	p.text(`{"op":2,"d":"nonsense"}`)
	p.binary(1)
	p.text(`{"op":77,"d":{}}`)
	p.text(`{"op":9,"d":null}`)
	if m := <-c.messages; m != (signal.Resumed{}) {
		t.Errorf("heard %+v", m)
	}
}

// recorder is a DAVE that writes down what it gets, and answers op 27.
type recorder struct {
	ops  []signal.Op
	data []string
}

func (r *recorder) HandleDAVE(ctx context.Context, w signal.Writer, f signal.Frame) error {
	r.ops = append(r.ops, f.Op)
	r.data = append(r.data, string(f.Data))
	switch f.Op {
	case signal.OpMLSProposals:
		return w.WriteBinary(ctx, signal.OpMLSCommitWelcome, []byte{9})
	case signal.OpMLSInvalidCommit:
		return errors.New("enough")
	}
	return nil
}

// TestDAVESeesItsFramesInOrderAndInEveryState (10.8, 10.14, 10.18): JSON and binary
// alike, before Hello, and before and after Resumed.
func TestDAVESeesItsFramesInOrderAndInEveryState(t *testing.T) {
	r := &recorder{}
	c, p := dial(t, func(o *signal.Options) { o.DAVE = r })
	p.binary(0, 0, 25, 'e') // before Hello, before everything
	p.text(`{"op":8,"d":{"heartbeat_interval":60000}}`)
	p.text(`{"op":11,"d":{"user_ids":["1"]},"seq":1}`)
	p.binary(0, 2, 27, 'p')
	if got := p.next(); got != "binary \x1C\x09" {
		t.Errorf("answer %q", got)
	}
	p.text(`{"op":21,"d":{"transition_id":0,"protocol_version":1},"seq":3}`)
	p.text(`{"op":9,"d":null}`)
	p.text(`{"op":22,"d":{"transition_id":0}}`)
	p.text(`{"op":24,"d":{"epoch":1,"protocol_version":1},"seq":8}`)
	p.binary(0, 9, 29, 'c')
	p.binary(0, 10, 30, 'w')
	p.text(`{"op":13,"d":{"user_id":"1"},"seq":11}`)
	p.text(`{"op":31,"d":null}`)
	if err := c.end(t); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("ended with %v", err)
	}
	if want := []signal.Op{25, 11, 27, 21, 9, 22, 24, 29, 30, 13, 31}; !slices.Equal(r.ops, want) {
		t.Errorf("ops %v", r.ops)
	}
	if r.data[0] != "e" || r.data[3] != `{"transition_id":0,"protocol_version":1}` {
		t.Errorf("data %q", r.data)
	}
}

func TestDialFails(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	if _, err := signal.NewDialer(trusting(server)).Dial(t.Context(), signal.Options{
		Endpoint: server.Listener.Addr().String(), Seq: new(signal.Seq),
	}); err == nil {
		t.Fatal("a 404 made a socket")
	}
}
