package voiceserver_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
	"golang.org/x/crypto/chacha20poly1305"

	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
)

const (
	guild   snowflake.ID = 1001
	channel snowflake.ID = 2002
	bot     snowflake.ID = 3003
	human   snowflake.ID = 4004
)

// deadline is how long anything may take that should happen at once.
const deadline = 30 * time.Second

// certificate returns a TLS certificate for 127.0.0.1 and who trusts it.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	defer web.Close()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	return &tls.Config{Certificates: web.TLS.Certificates}, &tls.Config{RootCAs: roots}
}

// world is a running server and the trust in it.
type world struct {
	*voiceserver.Server
	trust *tls.Config
	again time.Duration // when a client repeats a discovery
}

// start is startEncrypted for clients that know no DAVE.
func start(t testing.TB, opts voiceserver.Options) *world {
	t.Helper()
	opts.DAVE = voiceserver.Off
	return startEncrypted(t, opts)
}

// startEncrypted runs a server until the test ends, when nothing of it may be left.
func startEncrypted(t testing.TB, opts voiceserver.Options) *world {
	t.Helper()
	before := goleak.IgnoreCurrent()
	w := &world{again: deadline / 10}
	opts.TLS, w.trust = certificate(t)
	var err error
	if w.Server, err = voiceserver.New(opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		goleak.VerifyNone(t, before)
	})
	return w
}

// session is what the tests' bot is expected with.
func session(user snowflake.ID) voiceserver.Session {
	return voiceserver.Session{
		Guild: guild, Channel: channel, User: user,
		SessionID: "session-" + user.String(), Token: "token-" + user.String(),
	}
}

// client is a voice client that does what a test says and nothing by itself.
type client struct {
	t    testing.TB
	ws   *websocket.Conn
	udp  net.Conn
	seq  int // newest sequence number seen, −1 none
	ssrc uint32

	again   time.Duration // when to repeat a discovery
	version int           // of DAVE that the session description has to say
	hook    func(e event, binary bool) error

	aead      cipher.AEAD
	nonce     uint32
	sequence  uint16
	timestamp uint32
}

// dial connects the websocket and takes Hello.
func (w *world) dial(t testing.TB) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: w.trust}
	ws, _, err := websocket.Dial(ctx, "wss://"+w.Endpoint()+"/?v=8", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	c := &client{t: t, ws: ws, seq: -1, again: w.again}
	t.Cleanup(func() { ws.CloseNow(); transport.CloseIdleConnections() })
	return c
}

func (c *client) send(op int, d any) {
	c.t.Helper()
	if err := c.write(context.Background(), op, d); err != nil {
		c.t.Fatalf("send op %d: %v", op, err)
	}
}

func (c *client) write(ctx context.Context, op int, d any) error {
	b, err := json.Marshal(map[string]any{"op": op, "d": d})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, b)
}

func (c *client) sendRaw(typ websocket.MessageType, b []byte) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := c.ws.Write(ctx, typ, b); err != nil {
		c.t.Fatalf("send %s: %v", b, err)
	}
}

// event is a message of the server; D is the payload of a binary one.
type event struct {
	Op  int
	Seq *int
	D   json.RawMessage
}

// next returns the next message.
func (c *client) next() event {
	c.t.Helper()
	e, err := c.read()
	if err != nil {
		c.t.Fatalf("the next message: %v", err)
	}
	return e
}

func (c *client) read() (event, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	typ, b, err := c.ws.Read(ctx)
	if err != nil {
		return event{}, err
	}
	var e event
	if typ == websocket.MessageBinary {
		seq := int(binary.BigEndian.Uint16(b))
		c.seq = seq
		e = event{Op: int(b[2]), Seq: &seq, D: b[3:]}
		return e, c.hooked(e, true)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return event{}, err
	}
	if e.Seq != nil {
		c.seq = *e.Seq
	}
	return e, c.hooked(e, false)
}

func (c *client) hooked(e event, binary bool) error {
	if c.hook == nil {
		return nil
	}
	return c.hook(e, binary)
}

// await skips messages until one has the opcode, and decodes it.
func (c *client) await(op int, into any) event {
	c.t.Helper()
	for {
		e := c.next()
		if e.Op != op {
			continue
		}
		if into != nil {
			if err := json.Unmarshal(e.D, into); err != nil {
				c.t.Fatalf("op %d: %v", op, err)
			}
		}
		return e
	}
}

// closed reads until the server closes the socket, and returns the code.
func (c *client) closed() websocket.StatusCode {
	c.t.Helper()
	for {
		if _, err := c.read(); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func (c *client) identify(s voiceserver.Session) {
	c.t.Helper()
	c.send(0, map[string]any{
		"server_id": s.Guild, "user_id": s.User, "session_id": s.SessionID, "token": s.Token,
		"max_dave_protocol_version": 1,
	})
}

func (c *client) resume(s voiceserver.Session, seq int) {
	c.t.Helper()
	c.send(7, map[string]any{"server_id": s.Guild, "session_id": s.SessionID, "token": s.Token, "seq_ack": seq})
}

// ready is Ready's content.
type ready struct {
	SSRC  uint32
	IP    string
	Port  uint16
	Modes []string
}

// connect does the whole handshake, up to a first op 5.
func (w *world) connect(t testing.TB, s voiceserver.Session, mode string) *client {
	t.Helper()
	w.Expect(s)
	c := w.dial(t)
	c.await(8, nil)
	c.identify(s)
	c.media(mode)
	c.speak(1)
	return c
}

// media takes Ready and sets the UDP side up.
func (c *client) media(mode string) {
	c.t.Helper()
	var r ready
	c.await(2, &r)
	c.ssrc = r.SSRC
	c.openUDP(r)
	addr := c.discover()
	c.sendSelect(addr, mode)
	var d struct {
		Mode string
		Key  []byte `json:"-"`
		Raw  []int  `json:"secret_key"`
		DAVE *int   `json:"dave_protocol_version"`
	}
	c.await(4, &d)
	if d.Mode != mode || len(d.Raw) != 32 || d.DAVE == nil || *d.DAVE != c.version {
		c.t.Fatalf("session description %+v", d)
	}
	for _, n := range d.Raw {
		d.Key = append(d.Key, byte(n))
	}
	c.useKey(mode, d.Key)
}

func (c *client) openUDP(r ready) {
	c.t.Helper()
	udp, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP(r.IP), Port: int(r.Port)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.udp = udp
	c.t.Cleanup(func() { udp.Close() })
}

func (c *client) sendSelect(addr *net.UDPAddr, mode string) {
	c.t.Helper()
	c.send(1, map[string]any{"protocol": "udp", "data": map[string]any{
		"address": addr.IP.String(), "port": addr.Port, "mode": mode,
	}})
}

func (c *client) useKey(mode string, key []byte) {
	c.t.Helper()
	var err error
	if mode == voiceserver.ModeAES256GCM {
		block, _ := aes.NewCipher(key)
		c.aead, err = cipher.NewGCM(block)
	} else {
		c.aead, err = chacha20poly1305.NewX(key)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// discover asks for our address until there is an answer.
func (c *client) discover() *net.UDPAddr {
	c.t.Helper()
	request := make([]byte, 74)
	binary.BigEndian.PutUint16(request, 1)
	binary.BigEndian.PutUint16(request[2:], 70)
	binary.BigEndian.PutUint32(request[4:], c.ssrc)
	for range 10 {
		c.udp.Write(request)
		c.udp.SetReadDeadline(time.Now().Add(c.again))
		b := make([]byte, 100)
		n, err := c.udp.Read(b)
		if err != nil {
			continue
		}
		if n != 74 || b[1] != 2 || binary.BigEndian.Uint32(b[4:]) != c.ssrc {
			c.t.Fatalf("discovery answered % x", b[:n])
		}
		end := 8
		for b[end] != 0 {
			end++
		}
		return &net.UDPAddr{IP: net.ParseIP(string(b[8:end])), Port: int(binary.BigEndian.Uint16(b[72:]))}
	}
	c.t.Fatal("no answer to ten discoveries")
	return nil
}

func (c *client) speak(flags int) {
	c.t.Helper()
	c.send(5, map[string]any{"speaking": flags, "delay": 0, "ssrc": c.ssrc})
}

// beat sends a heartbeat and waits for its echo: everything before it is done.
func (c *client) beat() {
	c.t.Helper()
	c.send(3, map[string]any{"t": 42, "seq_ack": c.seq})
	var d struct{ T int }
	c.await(6, &d)
	if d.T != 42 {
		c.t.Fatalf("heartbeat 42 was answered with %d", d.T)
	}
}

// rtp returns the next packet; head are changes to its first bytes.
func (c *client) rtp(payload []byte) []byte {
	h := []byte{0x80, 0x78, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[2:], c.sequence)
	binary.BigEndian.PutUint32(h[4:], c.timestamp)
	binary.BigEndian.PutUint32(h[8:], c.ssrc)
	c.sequence++
	c.timestamp += 960
	return c.seal(h, payload)
}

func (c *client) seal(header, body []byte) []byte {
	c.nonce++
	nonce := make([]byte, c.aead.NonceSize())
	binary.LittleEndian.PutUint32(nonce, c.nonce)
	packet := c.aead.Seal(append([]byte(nil), header...), nonce, body, header)
	return append(packet, nonce[:4]...)
}

// play sends a packet with the payload.
func (c *client) play(payload string) {
	c.t.Helper()
	if _, err := c.udp.Write(c.rtp([]byte(payload))); err != nil {
		c.t.Fatal(err)
	}
}

// receive returns the next datagram, decrypted if it is audio.
func (c *client) receive() (header, body []byte) {
	c.t.Helper()
	b := make([]byte, 2048)
	c.udp.SetReadDeadline(time.Now().Add(deadline))
	n, err := c.udp.Read(b)
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	b = b[:n]
	if b[0]>>6 != 2 {
		return b, nil
	}
	size := 12 + 4*int(b[0]&0xF)
	if b[0]&0x10 != 0 {
		size += 4
	}
	nonce := make([]byte, c.aead.NonceSize())
	copy(nonce, b[n-4:])
	body, err = c.aead.Open(nil, nonce, b[size:n-4], b[:size])
	if err != nil {
		c.t.Fatalf("decrypt: %v", err)
	}
	return b[:size], body
}

// eventually waits for something the server does by itself.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(deadline); time.Now().Before(end); <-tick.C {
		if is() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
