package voice_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/voice/rtp"
)

// server is a voice server: a gateway over TLS and a media socket. It holds clients
// to the rules: whoever breaks one is listed in broken.
type server struct {
	t    *testing.T
	http *httptest.Server
	udp  *net.UDPConn
	wg   sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every change
	allowed  map[string]identity
	members  map[string]*member // by token
	used     map[string]bool    // tokens somebody identified with
	bySSRC   map[uint32]*member
	broken   []string
	dials    int
	modes    []rtp.Mode
	interval time.Duration
	gone     bool   // every dial gets a 404
	deaf     bool   // heartbeats are not answered
	lose     int    // discovery requests to lose
	stubborn bool   // resumes are not answered
	refused  int    // resumes of sessions that are gone
	mute     int    // identifies not to answer
	greeting string // sent after every Hello
	version  int    // of DAVE, as the Session Description says
}

type identity struct{ server, user, session string }

// member is one voice session as the server sees it.
type member struct {
	identity
	token    string
	ssrc     uint32
	mode     rtp.Mode
	opener   *rtp.Opener
	socket   *websocket.Conn
	external netip.AddrPort
	maxDAVE  int

	speaking    []int // flags, in order
	packets     []packet
	keepalives  []uint32
	beats       []int64  // seq_acks
	resumes     []int64  // seq_acks
	codes       []int    // what the client's sockets closed with; -1 for none
	replay      [][]byte // binary frames before op 9
	after       []string // text frames after it
	binary      []string // frames from the client
	ready       []string // payloads of its ops 23
	description string   // the Session Description it got
}

type packet struct {
	rtp.Header
	suffix uint32
	media  string
	at     time.Time
}

const silence = "\xF8\xFF\xFE"

var key = func() []byte {
	k := make([]byte, rtp.KeyBytes)
	for i := range k {
		k[i] = byte(i * 7)
	}
	return k
}()

func newServer(t *testing.T) *server {
	t.Helper()
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{
		t: t, udp: udp, changed: make(chan struct{}),
		allowed: map[string]identity{}, members: map[string]*member{}, used: map[string]bool{}, bySSRC: map[uint32]*member{},
		modes:    []rtp.Mode{rtp.XChaCha20Poly1305, rtp.AES256GCM, "xsalsa20_poly1305"},
		interval: time.Minute,
	}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.accept))
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // dials that are called off
	s.http.StartTLS()
	s.wg.Go(func() { s.media(udp) })
	t.Cleanup(func() {
		s.mu.Lock()
		for _, m := range s.members {
			if m.socket != nil {
				m.socket.CloseNow()
			}
			// A datagram may overtake the op 5 sent before it, so what counts is that
			// there was one.
			if len(m.packets) > 0 && len(m.speaking) == 0 {
				s.broken = append(s.broken, "audio without speaking")
			}
		}
		s.mu.Unlock()
		s.http.Close()
		s.closeMedia()
		s.wg.Wait()
		for _, rule := range s.broken {
			t.Error("broken rule:", rule)
		}
	})
	return s
}

func (s *server) endpoint() string { return s.http.Listener.Addr().String() }

func (s *server) tls() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.http.Certificate())
	return &tls.Config{RootCAs: roots}
}

// do changes or reads the server's state and wakes whoever waits for it.
func (s *server) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait waits until ok holds; it is called with the lock held.
func (s *server) wait(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		done, changed := ok(), s.changed
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			s.t.Fatalf("waited too long for %s", what)
		}
	}
}

func (s *server) allow(token string, id identity) { s.do(func() { s.allowed[token] = id }) }

func (s *server) member(token string) *member {
	s.t.Helper()
	var m *member
	s.wait("member "+token, func() bool { m = s.members[token]; return m != nil })
	return m
}

func (s *server) violate(format string, args ...any) {
	s.do(func() { s.broken = append(s.broken, fmt.Sprintf(format, args...)) })
}

// drop ends a member's socket with a code, or without any when code is 0.
func (s *server) drop(m *member, code int, final bool) {
	var socket *websocket.Conn
	s.do(func() {
		socket = m.socket
		if final {
			delete(s.members, m.token)
			delete(s.allowed, m.token)
		}
	})
	if code == 0 {
		socket.CloseNow()
		return
	}
	socket.Close(websocket.StatusCode(code), "test")
}

func (s *server) accept(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("v") != "8" {
		s.violate("gateway version %q", r.URL.RawQuery)
	}
	s.mu.Lock()
	gone, greeting := s.gone, s.greeting
	s.mu.Unlock()
	if gone {
		http.NotFound(w, r)
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	s.do(func() { s.dials++ })
	s.send(ws, fmt.Sprintf(`{"op":8,"d":{"v":8,"heartbeat_interval":%g}}`,
		float64(s.interval)/float64(time.Millisecond)))
	if greeting != "" {
		s.send(ws, greeting)
	}
	var m *member
	for {
		kind, data, err := ws.Read(context.Background())
		if err != nil {
			if m != nil {
				code := int(websocket.CloseStatus(err))
				s.do(func() {
					m.codes = append(m.codes, code)
					if m.socket == ws {
						m.socket = nil // its buffers are not the client's to answer for
					}
				})
			}
			return
		}
		var f struct {
			Op int             `json:"op"`
			D  json.RawMessage `json:"d"`
		}
		if kind == websocket.MessageBinary && m != nil {
			s.do(func() { m.binary = append(m.binary, string(data)) })
			continue
		}
		if kind != websocket.MessageText || json.Unmarshal(data, &f) != nil {
			s.violate("frame %q", data)
			continue
		}
		if m = s.answer(ws, m, f.Op, f.D); m == nil && f.Op != 3 {
			return
		}
	}
}

func (s *server) send(ws *websocket.Conn, text string) {
	_ = ws.Write(context.Background(), websocket.MessageText, []byte(text))
}

// answer handles one frame and returns the member the socket is of, nil to hang up.
func (s *server) answer(ws *websocket.Conn, m *member, op int, d json.RawMessage) *member {
	var v struct {
		Server, User string
		ServerID     string `json:"server_id"`
		UserID       string `json:"user_id"`
		SessionID    string `json:"session_id"`
		Token        string `json:"token"`
		MaxDAVE      *int   `json:"max_dave_protocol_version"`
		SeqAck       *int64 `json:"seq_ack"`
		T            int64  `json:"t"`
		Protocol     string `json:"protocol"`
		Speaking     int    `json:"speaking"`
		SSRC         uint32 `json:"ssrc"`
		Data         struct {
			Address string   `json:"address"`
			Port    uint16   `json:"port"`
			Mode    rtp.Mode `json:"mode"`
		} `json:"data"`
	}
	if err := json.Unmarshal(d, &v); err != nil {
		s.violate("op %d: %v", op, err)
	}
	if m == nil && op != 0 && op != 7 && op != 3 {
		s.violate("op %d before identify", op)
		ws.Close(4003, "not identified")
		return nil
	}
	switch op {
	case 0:
		return s.identify(ws, identity{v.ServerID, v.UserID, v.SessionID}, v.Token, v.MaxDAVE)
	case 7:
		return s.resume(ws, identity{v.ServerID, "", v.SessionID}, v.Token, v.SeqAck)
	case 3:
		if v.SeqAck == nil {
			s.violate("heartbeat without seq_ack")
			return m
		}
		deaf := false
		s.do(func() {
			deaf = s.deaf
			if m != nil {
				m.beats = append(m.beats, *v.SeqAck)
			}
		})
		if !deaf {
			s.send(ws, fmt.Sprintf(`{"op":6,"d":{"t":%d}}`, v.T))
		}
	case 1:
		s.mu.Lock()
		want := m.external
		s.mu.Unlock()
		if v.Protocol != "udp" || netip.AddrPortFrom(netip.MustParseAddr(v.Data.Address), v.Data.Port) != want {
			s.violate("select %+v, external is %v", v.Data, want)
		}
		opener, err := rtp.NewOpener(v.Data.Mode, key)
		if err != nil {
			s.violate("select: %v", err)
			return nil
		}
		s.do(func() { m.mode, m.opener = v.Data.Mode, opener })
		numbers := make([]int, len(key))
		for i, b := range key {
			numbers[i] = int(b)
		}
		secret, _ := json.Marshal(numbers)
		description := fmt.Sprintf(`{"op":4,"d":{"mode":%q,"secret_key":%s,"dave_protocol_version":%d},"seq":1}`, v.Data.Mode, secret, s.version)
		s.do(func() { m.description = description })
		s.send(ws, description)
	case 5:
		if v.SSRC != m.ssrc {
			s.violate("speaking with SSRC %d", v.SSRC)
		}
		s.do(func() { m.speaking = append(m.speaking, v.Speaking) })
	case 23:
		s.do(func() { m.ready = append(m.ready, string(d)) })
	default:
		s.violate("op %d", op)
	}
	return m
}

func (s *server) identify(ws *websocket.Conn, id identity, token string, maxDAVE *int) *member {
	s.mu.Lock()
	allowed, ok := s.allowed[token]
	s.mu.Unlock()
	switch {
	case !ok:
		ws.Close(4004, "no such token")
		return nil
	case allowed != id:
		ws.Close(4006, "no such session")
		return nil
	case s.reused(token):
		s.violate("second identify with %s", token)
		return nil
	case maxDAVE == nil:
		s.violate("identify without max_dave_protocol_version")
		return nil
	}
	m := &member{identity: id, token: token, socket: ws, maxDAVE: *maxDAVE}
	ignored := false
	s.do(func() {
		if ignored = s.mute > 0; ignored {
			s.mute--
			return
		}
		m.ssrc = uint32(1000 + len(s.bySSRC))
		s.members[token], s.bySSRC[m.ssrc] = m, m
	})
	if ignored {
		return m
	}
	s.mu.Lock()
	at := s.udp.LocalAddr().(*net.UDPAddr)
	s.mu.Unlock()
	modes, _ := json.Marshal(s.modes)
	s.send(ws, fmt.Sprintf(`{"op":2,"d":{"ssrc":%d,"ip":%q,"port":%d,"modes":%s,"heartbeat_interval":1}}`,
		m.ssrc, at.IP, at.Port, modes))
	s.send(ws, `{"op":11,"d":{"user_ids":["1","2"]},"seq":0}`)
	s.send(ws, `{"op":99,"d":{"unknown":true}}`)
	return m
}

// reused reports whether a token was used before, and uses it.
func (s *server) reused(token string) (before bool) {
	s.do(func() { before, s.used[token] = s.used[token], true })
	return before
}

func (s *server) resume(ws *websocket.Conn, id identity, token string, seqAck *int64) *member {
	s.mu.Lock()
	m := s.members[token]
	s.mu.Unlock()
	if m == nil || m.session != id.session || m.server != id.server || seqAck == nil {
		s.do(func() { s.refused++ })
		ws.Close(4006, "no such session")
		return nil
	}
	var replay [][]byte
	var after []string
	stubborn := false
	s.do(func() {
		m.socket, stubborn = ws, s.stubborn
		m.resumes = append(m.resumes, *seqAck)
		replay, m.replay = m.replay, nil
		after, m.after = m.after, nil
	})
	if stubborn {
		return m
	}
	for _, frame := range replay {
		_ = ws.Write(context.Background(), websocket.MessageBinary, frame)
	}
	s.send(ws, `{"op":9,"d":null}`)
	for _, frame := range after {
		s.send(ws, frame)
	}
	return m
}
