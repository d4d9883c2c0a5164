package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// session is what a bot identified for. It outlives its socket: what happens
// meanwhile waits in the watcher, what was sent is kept for a resume.
type session struct {
	id      string
	app     world.App
	shard   [2]int
	intents int
	world   *world.World
	watcher *world.Watcher
	replay  int

	mu     sync.Mutex
	online bool      // connected and told READY or RESUMED: the world counts it
	over   bool      // ended for good
	conn   *conn     // nil while nobody is connected
	lost   time.Time // since when
	seq    int       // of the newest dispatch
	sent   [][]byte  // the newest dispatches; the last has number seq
	guilds map[discord.ID]bool
}

func newSession(s *Server, app world.App, shard [2]int, intents int) *session {
	one := &session{
		id: strings.ToLower(rand.Text()), app: app, shard: shard, intents: intents, world: s.world,
		replay: s.opts.Limits.Replay, guilds: map[discord.ID]bool{},
	}
	one.watcher = s.world.Watch(one.concerns)
	return one
}

// serves reports whether a guild's events belong to this shard.
func (s *session) serves(guild discord.ID) bool {
	return uint64(guild>>22)%uint64(s.shard[1]) == uint64(s.shard[0])
}

// attach makes c the session's socket, after ending the one before, if there is one.
func (s *session) attach(c *conn) (takenOver bool) {
	s.mu.Lock()
	old := s.conn
	s.conn = c
	s.mu.Unlock()
	if old != nil {
		old.cancel()
		<-old.done
		s.count(false)
	}
	return old != nil
}

// detach notes that c is gone; false when another socket has taken over.
func (s *session) detach(c *conn, now time.Time) bool {
	s.mu.Lock()
	last := s.conn == c
	if last {
		s.conn, s.lost = nil, now
	}
	s.mu.Unlock()
	if last {
		s.count(false)
	}
	return last
}

// count lets the world count the session while it is online.
func (s *session) count(online bool) {
	s.mu.Lock()
	changed := s.online != online && (!online || !s.over)
	if changed {
		s.online = online
	}
	s.mu.Unlock()
	switch {
	case changed && online:
		s.world.SessionStarted(s.app.User.ID)
	case changed:
		s.world.SessionEnded(s.app.User.ID)
	}
}

// end is the session's own part of its end.
func (s *session) end() {
	s.watcher.Close()
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.count(false)
}

func (s *session) lostAt() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost, s.conn == nil
}

// dispatch numbers an event, keeps it and sends it. Only the goroutine that
// serves the session's socket calls it.
func (s *session) dispatch(ctx context.Context, c *conn, name string, d any) error {
	data, err := s.number(name, d)
	if err != nil {
		return err
	}
	return c.write(ctx, data)
}

// number makes the next dispatch of an event and keeps it for a resume.
func (s *session) number(name string, d any) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.seq + 1
	data, err := json.Marshal(frame{Op: opDispatch, D: d, S: &seq, T: name})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	if len(s.sent) == s.replay {
		s.sent = s.sent[1:]
	}
	s.seq, s.sent = seq, append(s.sent, data)
	return data, nil
}

// since returns the dispatches after seq; nil when some of them are not kept any
// more, and a closure when seq was never reached.
func (s *session) since(seq int) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missed := s.seq - seq
	switch {
	case missed < 0:
		return nil, refused(closeInvalidSeq, "Invalid seq.")
	case missed > len(s.sent) || s.watcher.Pending() > s.replay:
		return nil, nil
	}
	return append([][]byte{}, s.sent[len(s.sent)-missed:]...), nil
}

// catchUp tells what happened while nobody was connected.
func (s *session) catchUp(ctx context.Context, c *conn) error {
	for range s.watcher.Pending() {
		change, err := s.watcher.Next(ctx)
		if err != nil {
			return err
		}
		if err := s.tell(ctx, c, change); err != nil {
			return err
		}
	}
	return nil
}
