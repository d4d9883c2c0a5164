package voice_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/voice"
	"busker/voice/signal"
)

// stage is a hub whose sessions and main gateway a test plays, in fake time.
type stage struct {
	t        *testing.T
	hub      *voice.Hub
	sessions chan *voice.Played
	asks     chan ask
	events   chan voice.Event

	mu      sync.Mutex
	offline bool          // the shard has no connection
	silent  bool          // op 4 is not answered
	stuck   bool          // op 4s from now on are held back
	free    chan struct{} // closed when those held back may go
	queue   *rate.Limiter // of op 4s; nil for none
	tokens  int
}

// ask is an op 4 that went out.
type ask struct {
	guild, channel snowflake.ID
	at             time.Time
}

// onStage runs a test in fake time.
func onStage(t *testing.T, play func(*stage), adjust ...func(*voice.HubOptions)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		s := &stage{
			t: t, sessions: make(chan *voice.Played, 1000),
			asks: make(chan ask, 1000), events: make(chan voice.Event, 1000), free: make(chan struct{}),
		}
		opts := voice.HubOptions{
			Shard: s, User: func() snowflake.ID { return self }, WithoutDAVE: true, Clock: bubbleClock{time.Now()},
			OnEvent: func(e voice.Event) { s.events <- e },
			Online:  func(snowflake.ID) bool { s.mu.Lock(); defer s.mu.Unlock(); return !s.offline },
		}
		voice.Play(&opts, func(p *voice.Played) { s.sessions <- p })
		for _, f := range adjust {
			f(&opts)
		}
		s.hub = voice.NewHub(opts)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.hub.Run(ctx) })
		defer wg.Wait()
		defer cancel()
		play(s)
	})
}

// bubbleClock is the pacer's clock in fake time.
type bubbleClock struct{ start time.Time }

func (b bubbleClock) Now() time.Duration { return time.Since(b.start) }

func (b bubbleClock) SleepUntil(at time.Duration) time.Duration {
	pass(at - b.Now())
	return b.Now()
}

// SendVoiceState answers as Discord would.
func (s *stage) SendVoiceState(ctx context.Context, g, ch snowflake.ID, _, _ bool) error {
	s.mu.Lock()
	queue, stuck, free := s.queue, s.stuck, s.free
	s.mu.Unlock()
	if stuck {
		select {
		case <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if queue != nil {
		if err := queue.Wait(ctx); err != nil {
			return err
		}
	}
	s.asks <- ask{g, ch, time.Now()}
	s.mu.Lock()
	silent := s.silent
	s.mu.Unlock()
	switch {
	case silent:
	case ch == 0:
		s.state(g, 0)
	default:
		s.state(g, ch)
		s.server(g, "voice.test:1234")
	}
	return nil
}

func (s *stage) state(g, ch snowflake.ID) {
	s.hub.HandleState(voice.StateUpdate{Guild: g, Channel: ch, User: self, SessionID: "main"})
}

func (s *stage) server(g snowflake.ID, endpoint string) {
	s.mu.Lock()
	s.tokens++
	token := fmt.Sprintf("token-%d", s.tokens)
	s.mu.Unlock()
	s.hub.HandleServer(voice.ServerUpdate{Guild: g, Token: token, Endpoint: endpoint})
}

func (s *stage) set(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }

// pass lets time pass, which in a bubble is fake.
func pass(d time.Duration) { <-time.After(d) }

// await returns the next of c.
func await[T any](s *stage, what string, c <-chan T) T {
	s.t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(time.Hour):
		s.t.Fatalf("no %s within an hour", what)
	}
	panic("not reached")
}

func (s *stage) session() *voice.Played { s.t.Helper(); return await(s, "session", s.sessions) }

// asked returns the next op 4, which must be for ch.
func (s *stage) asked(ch snowflake.ID) ask {
	s.t.Helper()
	a := await(s, "op 4", s.asks)
	if a.channel != ch {
		s.t.Fatalf("op 4 for %d, want %d", a.channel, ch)
	}
	return a
}

// event returns the next event, which must be of the kind.
func (s *stage) event(kind voice.EventKind) voice.Event {
	s.t.Helper()
	e := await(s, kind.String(), s.events)
	if e.Kind != kind {
		s.t.Fatalf("event %v (%v), want %v", e.Kind, e.Err, kind)
	}
	return e
}

// nothing checks that for a while nothing happens.
func (s *stage) nothing(d time.Duration) {
	s.t.Helper()
	select {
	case a := <-s.asks:
		s.t.Fatalf("op 4 for %d", a.channel)
	case e := <-s.events:
		s.t.Fatalf("event %v (%v)", e.Kind, e.Err)
	case <-s.sessions:
		s.t.Fatal("a session")
	case <-time.After(d):
	}
}

// joined returns the connection in the channel and its session.
func (s *stage) joined() (*voice.Conn, *voice.Played) {
	s.t.Helper()
	conn := s.hub.Conn(guild)
	done := make(chan error, 1)
	go func() { done <- conn.Join(s.t.Context(), channel) }()
	p := s.session()
	p.Establish()
	if err := await(s, "join", done); err != nil {
		s.t.Fatal(err)
	}
	s.event(voice.Connected)
	s.asked(channel)
	return conn, p
}

// back completes a rejoin: op 4, session, audio.
func (s *stage) back() *voice.Played {
	s.t.Helper()
	s.asked(channel)
	p := s.session()
	p.Establish()
	s.event(voice.Connected)
	return p
}

// closedWith is the end of a socket.
func closedWith(code int) error {
	return fmt.Errorf("socket: %w", &signal.Closed{Code: code, Err: errors.New("test")})
}
