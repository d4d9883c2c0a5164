package voice_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/internal/snowflake"
	"busker/voice"
)

const (
	self    snowflake.ID = 77
	guild   snowflake.ID = 5000
	channel snowflake.ID = 6000
	other   snowflake.ID = 6001
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a hub between a fake main gateway and a real voice server.
type world struct {
	*server
	hub    *voice.Hub
	shard  *shard
	events chan voice.Event
}

// newWorld makes a world that runs until the test ends.
func newWorld(t *testing.T, adjust ...func(*voice.HubOptions)) *world {
	t.Helper()
	w := &world{server: newServer(t), events: make(chan voice.Event, 100)}
	w.shard = &shard{world: w, sessionID: "main-1"}
	opts := voice.HubOptions{
		Shard: w.shard, User: func() snowflake.ID { return self }, TLS: w.tls(),
		OnEvent: func(e voice.Event) { w.events <- e },
		Timeouts: voice.Timeouts{
			Events: 300 * time.Millisecond, Discovery: 100 * time.Millisecond,
			Ready: time.Second, Follow: 300 * time.Millisecond, Backoff: 20 * time.Millisecond,
			Allocate: time.Second, Leave: time.Second,
		},
	}
	if os.Getenv("VOICE_LOG") != "" {
		opts.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	for _, f := range adjust {
		f(&opts)
	}
	w.hub = voice.NewHub(opts)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.hub.Run(ctx); err != nil {
			t.Errorf("hub: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return w
}

// shard answers op 4 as Discord would.
type shard struct {
	world *world

	mu        sync.Mutex
	sessionID string
	sent      []snowflake.ID // channels of the op 4s, 0 for null
	tokens    int
	token     string // the newest
	at        snowflake.ID
	full      bool // the channel is full: op 4 is not answered
	lateState bool // the state comes after the server
	stuck     int  // so many op 4s to a channel are not answered
	err       error
}

func (s *shard) SendVoiceState(_ context.Context, g, ch snowflake.ID, mute, deaf bool) error {
	if g != guild || mute || !deaf {
		s.world.t.Errorf("op 4: guild %d, mute %v, deaf %v", g, mute, deaf)
	}
	s.mu.Lock()
	s.sent = append(s.sent, ch)
	err, full := s.err, s.full
	if ch != 0 && s.stuck > 0 {
		s.stuck--
		full = true
	}
	s.mu.Unlock()
	defer s.world.do(func() {}) // whoever waits for it looks again
	if err != nil || full {
		return err
	}
	if ch == 0 {
		s.kick()
		return nil
	}
	s.put(ch)
	return nil
}

// kick takes us out of the channel.
func (s *shard) kick() {
	s.mu.Lock()
	was := s.at
	s.at = 0
	s.mu.Unlock()
	if was != 0 {
		s.world.hub.HandleState(voice.StateUpdate{Guild: guild, User: self, SessionID: s.sessionID})
	}
}

// kick0 says that we are out, whatever we knew.
func (s *shard) kick0() {
	s.world.hub.HandleState(voice.StateUpdate{Guild: guild, User: self, SessionID: s.sessionID})
}

// put puts us into a channel, with a new server.
func (s *shard) put(ch snowflake.ID) {
	s.mu.Lock()
	s.at = ch
	late := s.lateState
	s.mu.Unlock()
	if !late {
		s.state(ch)
	}
	s.allocate(s.world.endpoint())
	if late {
		s.state(ch)
	}
}

func (s *shard) state(ch snowflake.ID) {
	s.world.hub.HandleState(voice.StateUpdate{Guild: guild, Channel: ch, User: 999, SessionID: "somebody else's"})
	s.world.hub.HandleState(voice.StateUpdate{Guild: guild, Channel: ch, User: self, SessionID: s.sessionID})
}

// allocate gives us a new token, and the server it is for.
func (s *shard) allocate(endpoint string) {
	s.mu.Lock()
	s.tokens++
	s.token = fmt.Sprintf("token-%d", s.tokens)
	token := s.token
	s.mu.Unlock()
	s.world.allow(token, identity{guild.String(), self.String(), s.sessionID})
	s.world.hub.HandleServer(voice.ServerUpdate{Guild: guild, Token: token, Endpoint: endpoint})
}

func (s *shard) channels() []snowflake.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]snowflake.ID(nil), s.sent...)
}

// now returns the member with the newest token.
func (w *world) now() *member {
	w.t.Helper()
	w.shard.mu.Lock()
	token := w.shard.token
	w.shard.mu.Unlock()
	return w.member(token)
}

func (w *world) join(ch snowflake.ID) *voice.Conn {
	w.t.Helper()
	conn := w.hub.Conn(guild)
	if err := conn.Join(w.t.Context(), ch); err != nil {
		w.t.Fatalf("join: %v", err)
	}
	return conn
}

// play sends n packets of audio, numbered from the count of those before.
func (w *world) play(conn *voice.Conn, from, n int) {
	w.t.Helper()
	var room int
	var err error
	for i := from; i < from+n; i++ {
		if room == 0 {
			if room, err = conn.Await(w.t.Context()); err != nil || room == 0 {
				w.t.Fatalf("room for %d: %d, %v", i, room, err)
			}
		}
		room--
		if err := conn.Send(packetOf(fmt.Sprintf("audio %04d", i))); err != nil {
			w.t.Fatalf("send %d: %v", i, err)
		}
	}
}

// heard waits until the member has n packets, and returns their media.
func (w *world) heard(m *member, n int) (media []string) {
	w.t.Helper()
	w.wait(fmt.Sprintf("%d packets", n), func() bool { return len(m.packets) >= n })
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range m.packets {
		media = append(media, p.media)
	}
	return media
}

func (w *world) event(kind voice.EventKind) voice.Event {
	w.t.Helper()
	select {
	case e := <-w.events:
		if e.Kind != kind {
			w.t.Fatalf("event %v (%v), want %v", e.Kind, e.Err, kind)
		}
		return e
	case <-time.After(10 * time.Second):
		w.t.Fatalf("no event %v", kind)
	}
	return voice.Event{}
}
