// Package voiceserver imitates one of Discord's voice servers: the voice gateway
// (version 8) over TLS, the UDP port beside it, and the forwarding of everyone's
// packets to everyone else in the channel.
//
// It admits whoever Expect announced, checks what clients do as strictly as
// Discord or stricter, and keeps what they did wrong as violations a test can
// read. It knows neither the main gateway nor REST, and its transport encryption
// is written independently of the client's, so that an error does not cancel out.
//
// Calls are encrypted end to end (DAVE): package delivery is the server's half of
// it, and simulated members take part with sessions of voice/dave.
package voiceserver

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// The transport encryption modes (reference 3.4), best first.
const (
	ModeAES256GCM         = "aead_aes256_gcm_rtpsize"
	ModeXChaCha20Poly1305 = "aead_xchacha20_poly1305_rtpsize"
)

// Options of a Server.
type Options struct {
	// TLS holds the certificate clients will check; required.
	TLS *tls.Config
	// Address is the host and port of the gateway, and the host of the UDP port;
	// "" is 127.0.0.1 with a free port.
	Address string
	// HeartbeatInterval is what Hello asks for, 13.75 s by default. A fraction of
	// a millisecond makes the number in Hello fractional, as Discord's may be.
	HeartbeatInterval time.Duration
	// DAVE is which calls are encrypted end to end; default Required.
	DAVE DAVE
	// Stage reports whether a channel is a stage, where nothing is encrypted; nil:
	// none is. It is called under a lock and must not call back.
	Stage func(guild, channel snowflake.ID) bool
	// Modes are the encryption modes Ready offers; nil offers both.
	Modes []string
	// ResumeWindow is how long a session without a socket may be resumed; 30 s by
	// default. Its user leaves the call when it ends.
	ResumeWindow time.Duration
	// Ports is how many UDP ports media goes over, as Discord has many: clients that
	// share a socket between calls need different ones. 1 by default.
	Ports int
	// FirstSequence numbers the first message of a session: 65530 shows what a
	// client does when the count wraps.
	FirstSequence uint16
	// Logger gets protocol events at debug level; nil discards them.
	Logger *slog.Logger
}

// Session is what the main gateway told a client it may connect with.
type Session struct {
	Guild, Channel, User snowflake.ID
	SessionID            string // of the user's main gateway session
	Token                string // of the VOICE_SERVER_UPDATE; identifies the session
}

// member is a user in a guild.
type member struct{ guild, user snowflake.ID }

// Server is one voice server. All methods may be called concurrently; sessions
// live only while Run does.
type Server struct {
	opts    Options
	log     *slog.Logger
	tcp     net.Listener
	udp     []*net.UDPConn    // a session has the one its SSRC picks
	sender  *mls.SignatureKey // proposes in all calls
	faults  faults
	record  record
	errands errands

	routes    sync.Map    // SSRC uint32 → *session, for the media path
	gone      sync.Map    // the same of sessions that ended, the newest goneLimit
	deadPaths atomic.Bool // whether a test ever killed one
	silent    sync.Map    // silentKey → true, for the media path

	newsMu sync.Mutex
	news   chan struct{} // closed when something happened; nil: nobody waits

	mu       sync.Mutex // guards the rest; taken before a session's lock
	closing  bool
	sockets  sync.WaitGroup
	expected map[string]Session  // by token
	sessions map[string]*session // by token: admitted and not yet ended
	members  map[member]*session // the same; a user has one in a guild
	awaited  map[member]string   // token of what is expected of a user in a guild
	spent    spent
	ended    ring[uint32] // SSRCs in gone
	calls    map[callKey]*call
	keys     map[snowflake.ID]*mls.SignatureKey // of simulated members
	struck   []func()                           // ends sessions that faults struck, at unlock

	withoutDAVE map[snowflake.ID]bool // simulated members
}

const (
	defaultHeartbeat    = 13750 * time.Millisecond
	defaultResumeWindow = 30 * time.Second
	// udpBuffer holds a second of a hundred players.
	udpBuffer = 4 << 20
)

// New opens the sockets of a voice server. Run serves and closes them.
func New(opts Options) (*Server, error) {
	if opts.TLS == nil {
		return nil, errors.New("voice server: a TLS configuration with a certificate is needed")
	}
	if opts.Address == "" {
		opts.Address = "127.0.0.1:0"
	}
	if opts.HeartbeatInterval <= 0 {
		opts.HeartbeatInterval = defaultHeartbeat
	}
	if opts.ResumeWindow <= 0 {
		opts.ResumeWindow = defaultResumeWindow
	}
	if opts.Modes == nil {
		opts.Modes = []string{ModeAES256GCM, ModeXChaCha20Poly1305}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	tcp, err := new(net.ListenConfig).Listen(context.Background(), "tcp", opts.Address)
	if err != nil {
		return nil, fmt.Errorf("open the voice gateway: %w", err)
	}
	udp, err := listenUDP(tcp.Addr(), max(opts.Ports, 1))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the voice ports: %w", err), tcp.Close())
	}
	sender, err := mls.NewSignatureKey(rand.Reader)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the external sender's key: %w", err), tcp.Close(), closeAll(udp))
	}
	s := &Server{
		opts: opts, log: opts.Logger, tcp: tcp, udp: udp, sender: sender,
		expected: make(map[string]Session),
		sessions: make(map[string]*session),
		members:  make(map[member]*session),
		awaited:  make(map[member]string),
		calls:    make(map[callKey]*call),
		keys:     make(map[snowflake.ID]*mls.SignatureKey),

		withoutDAVE: make(map[snowflake.ID]bool),
	}
	s.errands.wake.L = &s.errands.mu
	return s, nil
}

// listenUDP opens n ports on the gateway's address.
func listenUDP(gateway net.Addr, n int) (ports []*net.UDPConn, err error) {
	host := gateway.(*net.TCPAddr).AddrPort().Addr()
	for range n {
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
		if err != nil {
			return nil, errors.Join(err, closeAll(ports))
		}
		_ = udp.SetReadBuffer(udpBuffer) // smaller is only less robust
		stampArrivals(udp)
		ports = append(ports, udp)
	}
	return ports, nil
}

func closeAll(ports []*net.UDPConn) (err error) {
	for _, p := range ports {
		err = errors.Join(err, p.Close())
	}
	return err
}

// port is the one a session's media goes over.
func (s *Server) port(ssrc uint32) *net.UDPConn { return s.udp[int(ssrc%uint32(len(s.udp)))] }

// Endpoint returns host:port of the gateway, as in VOICE_SERVER_UPDATE.
func (s *Server) Endpoint() string { return s.tcp.Addr().String() }

// Run serves until ctx ends, and returns when everything has stopped: sockets
// are cut, listeners closed. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	web := &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		TLSConfig:         s.opts.TLS.Clone(),
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no HTTP/2: websockets
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := web.ServeTLS(s.tcp, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the voice gateway: %w", err)
		}
		return nil
	})
	for _, port := range s.udp {
		g.Go(func() error { return s.readUDP(ctx, port) })
	}
	g.Go(func() error { return s.reap(ctx) })
	g.Go(func() error { return s.errands.run(ctx) })
	g.Go(func() error {
		<-ctx.Done()
		_ = web.Close()
		_ = closeAll(s.udp)
		return nil
	})
	err := g.Wait()
	s.shut()
	return err
}

// shut ends all that is left when nothing serves any more.
func (s *Server) shut() {
	s.mu.Lock()
	s.closing = true
	for _, live := range s.sessions {
		live.cut()
	}
	for _, c := range s.calls {
		for _, p := range c.people {
			if e := p.ear.Load(); e != nil {
				e.listener.Close()
			}
		}
	}
	s.unlock()
	s.sockets.Wait()
}

// Expect lets a client identify with session, and no longer with what was
// expected of the same user in that guild before. A session already connected
// stays until it is dropped or the new one identifies.
func (s *Server) Expect(session Session) {
	s.mu.Lock()
	defer s.unlock()
	s.forget(session.Guild, session.User)
	s.spent.remove(session.Token)
	s.expected[session.Token] = session
	s.awaited[member{session.Guild, session.User}] = session.Token
}

// Leave makes the server forget the user in that guild, as when the main gateway
// saw him leave: what is expected of him is void, his socket is closed with 4014
// and the others are told.
func (s *Server) Leave(guild, user snowflake.ID) {
	s.mu.Lock()
	defer s.unlock()
	s.forget(guild, user)
	if live := s.connected(guild, user); live != nil {
		s.end(live, closeDisconnected)
	}
}

// forget makes what is expected of a user void. s.mu is held.
func (s *Server) forget(guild, user snowflake.ID) {
	who := member{guild, user}
	if token, ok := s.awaited[who]; ok {
		delete(s.expected, token)
		delete(s.awaited, who)
		s.spent.add(token)
	}
}

// Drop closes the user's socket with code, 0 without a close frame, and reports
// whether there was a session. Codes that invite a resume (below 4000, 4013,
// 4015) leave the session; any other ends it. What is expected stays expected.
func (s *Server) Drop(guild, user snowflake.ID, code int) bool {
	s.mu.Lock()
	defer s.unlock()
	live := s.connected(guild, user)
	if live != nil {
		s.drop(live, code)
	}
	return live != nil
}

// DropSession is Drop for the session a token began: one that ended meanwhile is left
// in peace, and so is the user's next one.
func (s *Server) DropSession(token string, code int) bool {
	s.mu.Lock()
	defer s.unlock()
	live := s.sessions[token]
	if live != nil {
		s.drop(live, code)
	}
	return live != nil
}

// Connected returns the session of a user in a guild.
func (s *Server) Connected(guild, user snowflake.ID) (session Session, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if live := s.connected(guild, user); live != nil {
		return live.Session, true
	}
	return session, false
}

// drop closes the socket of a session with code, 0 without a close frame. s.mu is held.
func (s *Server) drop(live *session, code int) {
	switch {
	case code == 0:
		live.cut()
	case resumable(code):
		live.close(closeCode(code))
	default:
		s.end(live, closeCode(code))
	}
}

// connected returns the live session of a user. s.mu is held.
func (s *Server) connected(guild, user snowflake.ID) *session {
	return s.members[member{guild, user}]
}

// admit turns an expectation into a session of the call, in place of the one the user has:
// the newer wins. s.mu is held.
func (s *Server) admit(e Session) *session {
	if old := s.connected(e.Guild, e.User); old != nil {
		s.record.replaced.Add(1)
		s.end(old, s.faults.replacing(e.Guild))
	}
	who := member{e.Guild, e.User}
	delete(s.expected, e.Token)
	if s.awaited[who] == e.Token {
		delete(s.awaited, who)
	}
	live := newSession(e, s.freeSSRC(), s.opts.FirstSequence)
	s.sessions[e.Token], s.members[who] = live, live
	s.routes.Store(live.ssrc, live)
	return live
}

// endIfLive is end for a session that may have ended meanwhile. s.mu is held.
func (s *Server) endIfLive(live *session, code closeCode) {
	if s.sessions[live.Token] == live {
		s.end(live, code)
	}
}

// end removes a session for good. s.mu is held.
func (s *Server) end(live *session, code closeCode) {
	delete(s.sessions, live.Token)
	if who := (member{live.Guild, live.User}); s.members[who] == live {
		delete(s.members, who)
	}
	s.spent.add(live.Token)
	s.refuseFromNowOn(live)
	live.close(code)
	if c := live.call.Load(); c != nil {
		c.leave(live)
		s.tidy(c)
	}
}

// freeSSRC returns a stream number nobody uses. s.mu is held.
func (s *Server) freeSSRC() uint32 {
	for {
		ssrc := mathrand.Uint32()
		_, taken := s.routes.Load(ssrc)
		_, was := s.gone.Load(ssrc)
		if ssrc != 0 && !taken && !was {
			return ssrc
		}
	}
}

// reap ends sessions nobody resumed in time.
func (s *Server) reap(ctx context.Context) error {
	tick := time.NewTicker(min(time.Second, s.opts.ResumeWindow/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			s.mu.Lock()
			for _, live := range s.sessions {
				if live.abandoned(now, s.opts.ResumeWindow) {
					s.end(live, closeTimeout)
				}
			}
			s.unlock()
		}
	}
}
