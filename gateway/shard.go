package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// Discord allows a connection 120 commands in any 60 s, heartbeats included, and
// closes it with 4008 for more. A bucket of commandBurst refilled with one a second
// never lets more than 110 pass in 60 s.
const (
	commandBurst = 50
	commandEvery = time.Second
)

// newCommandBudget returns the budget of one connection.
func newCommandBudget() *rate.Limiter { return rate.NewLimiter(rate.Every(commandEvery), commandBurst) }

// openGrace is how long discordgo's Open may take to notice that its socket is closed.
const openGrace = 2 * time.Second

// intents are what playing music needs: guilds with their channels and roles, and
// who is in which voice channel. Neither is privileged, and nor are messages without
// their content.
const intents = discordgo.IntentGuilds | discordgo.IntentGuildVoiceStates

func (o *Options) intents() discordgo.Intent {
	if o.OnMessage == nil {
		return intents
	}
	return intents | discordgo.IntentGuildMessages
}

// errMoved makes discordgo forget the address it has cached, so that the next try
// goes where READY said to resume.
var errMoved = errors.New("the session is resumed at another address")

// shard keeps one session with Discord alive through discordgo, which is told not
// to reconnect by itself: its own loop knows no identify limit, no fatal close code
// and no context, and ends sessions that could be resumed.
type shard struct {
	g    *Gateway
	id   int
	plan plan
	log  *slog.Logger

	session *discordgo.Session // run's own; nil when the next connection must identify

	mu        sync.Mutex
	newest    *discordgo.Session // whose events count
	resumeURL string             // from READY; empty before
	sessionID string             // from READY
	former    []string           // the sessions before, the newest last
	live      *connection        // nil while there is none
	up        chan struct{}      // closed while connected
	wasReady  bool
}

// connection is one socket on which Discord has greeted us.
type connection struct {
	session  *discordgo.Session
	commands *rate.Limiter
	gone     chan struct{} // closed when it is lost
}

func newShard(g *Gateway, id int, p plan) *shard {
	return &shard{g: g, id: id, plan: p, log: g.log.With("shard", id), up: make(chan struct{})}
}

// run connects, and connects again, until ctx ends or Discord refuses for good.
func (s *shard) run(ctx context.Context) error {
	again := backoff{first: s.g.opts.ReconnectWait}
	for {
		t, err := s.open(ctx)
		if err == nil {
			again.reset()
			err = s.watch(ctx, t)
		}
		s.down()
		s.disconnect(t, s.farewell(ctx))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if code := closeCode(err); fatal[code] != "" {
			return fatalError{code, err}
		}
		if errors.Is(err, errMoved) {
			continue
		}
		s.g.metrics.reconnects.Inc()
		s.log.Warn("shard lost its connection", "err", err)
		if err := again.wait(ctx); err != nil {
			return err
		}
	}
}

// open connects and identifies or resumes. It returns nil once Discord has answered
// with the first event.
func (s *shard) open(ctx context.Context) (*tap, error) {
	var permits int32
	if s.session == nil {
		if err := s.newSession(ctx); err != nil {
			return nil, err
		}
		permits = 1
	}
	t := newTap(permits, func() { s.plan.identifies.sent(s.id) })
	ctx, cancel := context.WithTimeout(ctx, s.g.opts.OpenTimeout)
	defer cancel()
	s.mu.Lock()
	up := s.up
	s.mu.Unlock()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-up: // Open is just returning, and the socket is closed with a word
		default:
			_ = t.Close()
		}
	})()
	s.session.Dialer = s.dialer(ctx, t)

	// discordgo deadlocks in Open when Discord's first message is op 7 (its issue
	// 1694), so Open is waited for no longer than ctx; a deadlocked session is
	// abandoned with its goroutine.
	done := make(chan error, 1)
	session := s.session
	go func() { done <- session.Open() }()
	select {
	case err := <-done:
		return t, s.opened(t, err)
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return t, s.opened(t, err)
	case <-time.After(openGrace):
		s.session = nil
		return t, fmt.Errorf("open shard: %w", ctx.Err())
	}
}

// opened looks at the outcome of discordgo's Open.
func (s *shard) opened(t *tap, err error) error {
	if err == nil {
		return nil
	}
	switch code := closeCode(err); {
	case errors.Is(err, discordgo.ErrWSAlreadyOpen):
		return errors.New("open shard: the old connection is not closed yet")
	case t.invalid.Load(), code == closeInvalidSeq, code == closeSessionTimeout:
		s.session = nil
	}
	if errors.Is(err, errMoved) {
		return errMoved
	}
	return fmt.Errorf("open shard: %w", err)
}

// newSession makes a session that will identify, and waits until it may.
func (s *shard) newSession(ctx context.Context) error {
	s.mu.Lock()
	s.resumeURL = ""
	returning := s.wasReady
	s.mu.Unlock()
	if returning { // Discord: after op 9, wait a random time of 1 to 5 s
		if err := pause(ctx, s.g.opts.ResumeWait/5+rand.N(s.g.opts.ResumeWait*4/5+1)); err != nil {
			return err
		}
	}
	if err := s.plan.identifies.wait(ctx, s.id); err != nil {
		return fmt.Errorf("wait to identify: %w", err)
	}
	session, err := discordgo.New("Bot " + string(s.g.opts.Token))
	if err != nil {
		return err
	}
	session.LogLevel = silent
	session.StateEnabled = false
	session.SyncEvents = true
	session.ShouldReconnectOnError = false
	session.ShouldReconnectVoiceOnSessionError = false
	session.Client = &http.Client{Transport: address(s.address)}
	session.Identify.Intents = s.g.opts.intents()
	session.Identify.Properties.Browser = "Busker"
	session.Identify.Properties.Device = "Busker"
	session.ShardID, session.ShardCount = s.id, s.plan.shards
	session.AddHandler(func(from *discordgo.Session, e any) { s.dispatch(from, e) })
	s.session = session
	s.mu.Lock()
	s.newest = session
	s.mu.Unlock()
	s.g.metrics.identifies.Inc()
	return nil
}

// address is where the next connection goes.
func (s *shard) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resumeURL != "" {
		return s.resumeURL
	}
	return s.plan.url
}

// dialer connects discordgo through t, for as long as ctx lasts.
func (s *shard) dialer(ctx context.Context, t *tap) *websocket.Dialer {
	through := func(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
		return func(_ context.Context, network, addr string) (net.Conn, error) {
			if want, err := url.Parse(s.address()); err == nil && !sameHost(want, addr) {
				return nil, errMoved
			}
			c, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			if err := t.attach(c); err != nil {
				return nil, err
			}
			return t, nil
		}
	}
	return &websocket.Dialer{
		HandshakeTimeout:  s.g.opts.OpenTimeout,
		NetDialContext:    through(new(net.Dialer).DialContext),
		NetDialTLSContext: through((&tls.Dialer{Config: s.g.opts.TLS}).DialContext),
	}
}

// sameHost reports whether addr, a host and port, is where want leads.
func sameHost(want *url.URL, addr string) bool {
	port := want.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[want.Scheme]
	}
	return net.JoinHostPort(want.Hostname(), port) == addr
}

// watch returns when the connection is over: closed, given up for dead, or ctx done.
func (s *shard) watch(ctx context.Context, t *tap) error {
	var previous, before time.Time // when the last two heartbeats went out
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.closed:
			if t.invalid.Load() { // perhaps resumable, which discordgo does not tell: the resume will show
				return errors.New("discord ended the session (op 9)")
			}
			return errors.New("connection closed")
		case beat := <-t.beats:
			if !before.IsZero() && s.lastAck().Before(before) {
				s.g.metrics.zombies.Inc()
				return errors.New("two heartbeats were not acknowledged")
			}
			previous, before = beat, previous
		}
	}
}

// lastAck is when Discord last acknowledged a heartbeat, or the connection began.
func (s *shard) lastAck() time.Time {
	s.session.RLock()
	defer s.session.RUnlock()
	return s.session.LastHeartbeatAck
}

// farewell is the code to close a connection with that is over, or is to be.
func (s *shard) farewell(ctx context.Context) int {
	if ctx.Err() != nil && s.g.opts.EndSessions {
		return closeFinal
	}
	return closeResumable
}

// disconnect closes what is left of the connection.
func (s *shard) disconnect(t *tap, code int) {
	if s.session != nil {
		_ = s.session.CloseWithCode(code)
	}
	if t != nil {
		_ = t.Close()
	}
}
