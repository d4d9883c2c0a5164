// Package gateway is the main gateway of the local Discord: sessions of bots that
// identify, beat, resume, are told what happens in a world, and say where they
// want to be with their voice.
//
// It speaks version 10 (and 9, which differs in nothing here), JSON only, plain or
// compressed. Sockets live in ServeHTTP; Run ends sessions nobody resumed and must
// run as long as sockets are served. All methods may be called concurrently.
package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"busker/emulator/discord"
	"busker/emulator/rest"
	"busker/emulator/world"
)

// Limits of the gateway. The zero value is like Discord.
type Limits struct {
	Shards         int           // recommended by GET gateway/bot; default 1
	MinShards      int           // fewer are refused with 4011; default 1
	MaxConcurrency int           // identifies per IdentifyEvery, each in its own bucket; default 1
	IdentifyEvery  time.Duration // default 5 s
	Starts         int           // identifies per day; default 1000
	Heartbeat      time.Duration // default 41.25 s
	ResumeWindow   time.Duration // how long a lost session can be resumed; default 90 s
	Replay         int           // dispatches kept for a resume; default 1000
	Commands       int           // that a client may send per CommandsPer, heartbeats counted; default 120
	CommandsPer    time.Duration // default 60 s
}

func (l *Limits) fill() {
	for field, otherwise := range map[*int]int{
		&l.Shards: 1, &l.MinShards: 1, &l.MaxConcurrency: 1, &l.Starts: 1000, &l.Replay: 1000, &l.Commands: 120,
	} {
		if *field == 0 {
			*field = otherwise
		}
	}
	for field, otherwise := range map[*time.Duration]time.Duration{
		&l.IdentifyEvery: 5 * time.Second, &l.Heartbeat: 41250 * time.Millisecond,
		&l.ResumeWindow: 90 * time.Second, &l.CommandsPer: time.Minute,
	} {
		if *field == 0 {
			*field = otherwise
		}
	}
}

// Options of a server.
type Options struct {
	World  *world.World
	Limits Limits
	// URL is the websocket address clients are told: "ws://127.0.0.1:port".
	URL string
	// OnVoice is told of every op 4, on the goroutine that reads the socket.
	OnVoice func(world.VoiceJoin)
	// OnEnd is told when a session is over for good, so that its voice ends too.
	OnEnd  func(bot world.ID, session string)
	Logger *slog.Logger // default: none
}

// Server is the gateway.
type Server struct {
	opts  Options
	world *world.World
	log   *slog.Logger

	mu       sync.Mutex
	sessions map[string]*session
	conns    map[*conn]struct{}
	starts   map[world.ID]*starts
	silent   map[world.ID]bool // bots whose heartbeats are not acknowledged
	lost     chan struct{}     // a session was lost: Run has a new deadline
	over     bool              // Run ends: no new sockets
	counts   counts
	sockets  sync.WaitGroup
}

// New returns a server.
func New(opts Options) *Server {
	opts.Limits.fill()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{
		opts: opts, world: opts.World, log: opts.Logger,
		sessions: map[string]*session{}, conns: map[*conn]struct{}{}, starts: map[world.ID]*starts{},
		silent: map[world.ID]bool{}, lost: make(chan struct{}, 1),
	}
}

// URL is the websocket address clients are told.
func (s *Server) URL() string { return s.opts.URL }

// Run ends sessions that were not resumed in time, until ctx ends; then it ends
// all sessions and waits for the sockets, whose request contexts must end too.
func (s *Server) Run(ctx context.Context) error {
	timer := time.NewTimer(s.opts.Limits.ResumeWindow)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Reset(s.expire(time.Now()))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.lost:
		}
	}
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.sockets.Wait()
	s.mu.Lock()
	all := s.sessions
	s.sessions = map[string]*session{}
	s.mu.Unlock()
	for _, one := range all {
		one.watcher.Close()
	}
	return nil
}

// expire ends the sessions whose window is over and returns the time to the next.
func (s *Server) expire(now time.Time) time.Duration {
	next := s.opts.Limits.ResumeWindow
	s.mu.Lock()
	var over []*session
	for _, one := range s.sessions {
		lost, ok := one.lostAt()
		if !ok {
			continue
		}
		left := lost.Add(s.opts.Limits.ResumeWindow).Sub(now)
		if left <= 0 {
			over = append(over, one)
		} else {
			next = min(next, left)
		}
	}
	s.mu.Unlock()
	for _, one := range over {
		s.end(one)
	}
	return next
}

// end is the last of a session.
func (s *Server) end(one *session) {
	s.mu.Lock()
	_, there := s.sessions[one.id]
	delete(s.sessions, one.id)
	s.mu.Unlock()
	if !there {
		return
	}
	one.end()
	s.log.Info("session ended", "bot", one.app.User.Username, "shard", one.shard[0])
	if s.opts.OnEnd != nil {
		s.opts.OnEnd(one.app.User.ID, one.id)
	}
}

// ServeHTTP takes a client's websocket until it ends.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.admit() {
		http.Error(w, "the gateway is shutting down", http.StatusServiceUnavailable)
		return
	}
	defer s.sockets.Done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		s.log.Debug("not a websocket", "error", err)
		return
	}
	query := r.URL.Query()
	c := newConn(s, ws, query.Get("compress"))
	switch {
	case query.Get("v") != "9" && query.Get("v") != "10":
		c.refuse(closeInvalidVersion, "Invalid API version")
		return
	case query.Get("encoding") != "json" && query.Get("encoding") != "", query.Get("compress") != "" && !c.stream():
		c.refuse(closeDecode, "Unsupported encoding or compression")
		return
	}
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	c.serve(r.Context())
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// admit counts a socket, unless Run has ended.
func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.sockets.Add(1)
	return true
}

// Starts are the identifies the bot may still do today.
func (s *Server) Starts(bot discord.ID) rest.Starts {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.startsOf(bot, time.Now())
	return rest.Starts{
		Shards: s.opts.Limits.Shards, Total: s.opts.Limits.Starts, Remaining: s.opts.Limits.Starts - st.used,
		ResetAfter: time.Until(st.until), MaxConcurrency: s.opts.Limits.MaxConcurrency,
	}
}

// connected returns the sockets of a bot, in no order.
func (s *Server) connected(bot world.ID) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*conn
	for c := range s.conns {
		if one := c.session(); one != nil && one.app.User.ID == bot {
			list = append(list, c)
		}
	}
	return slices.Clip(list)
}
