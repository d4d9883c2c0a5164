package voice_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"busker/internal/fault"
	"busker/voice"
)

// states are everything a call can be in the middle of; each leaves what it did
// behind it, so that what comes next is the test's.
var states = map[string]func(*stage, *voice.Played){
	"talking":     func(*stage, *voice.Played) {},
	"handshaking": func(s *stage, _ *voice.Played) { s.server(guild, "voice.test:2"); s.session() },
	"backing off": func(s *stage, p *voice.Played) { p.End(closedWith(4000)); s.event(voice.Interrupted) },
	"rate limited": func(s *stage, p *voice.Played) {
		p.End(closedWith(4021))
		s.event(voice.Interrupted)
		pass(time.Minute - time.Second)
	},
	"following": func(s *stage, p *voice.Played) { p.End(closedWith(4014)); s.event(voice.Interrupted) },
	"allocating": func(s *stage, _ *voice.Played) {
		s.hub.HandleServer(voice.ServerUpdate{Guild: guild})
		s.event(voice.Interrupted)
	},
	"asking": func(s *stage, p *voice.Played) {
		s.set(func() { s.silent = true })
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		s.asked(channel)
	},
	"clearing": func(s *stage, p *voice.Played) {
		s.set(func() { s.silent = true })
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		s.asked(channel)
		s.asked(0)
	},
	"queued": func(s *stage, p *voice.Played) {
		s.set(func() { s.stuck = true })
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		pass(time.Minute)
	},
	"away": func(s *stage, p *voice.Played) {
		s.set(func() { s.offline = true })
		p.End(closedWith(4014))
		s.event(voice.Interrupted)
		pass(time.Minute)
		s.set(func() { s.offline = false })
	},
}

// TestLeaveEndsWhateverIsGoingOn: at once, with one op 4 null, and for good.
func TestLeaveEndsWhateverIsGoingOn(t *testing.T) {
	for name, begin := range states {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(s *stage) {
				conn, p := s.joined()
				begin(s, p)
				synctest.Wait()
				s.set(func() { s.silent, s.stuck = false, false })
				began := time.Now()
				if err := conn.Leave(s.t.Context()); err != nil || time.Since(began) > 10*time.Millisecond {
					t.Errorf("leave: %v after %v", err, time.Since(began))
				}
				s.asked(0)
				if st := conn.Status(); st.State != voice.Out {
					t.Errorf("status %+v", st)
				}
				s.nothing(2 * time.Minute)
			})
		})
	}
}

// TestJoinElsewhereRedirects: whatever is going on, it goes on in the new channel.
func TestJoinElsewhereRedirects(t *testing.T) {
	for name, begin := range states {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(s *stage) {
				conn, p := s.joined()
				begin(s, p)
				synctest.Wait()
				s.set(func() { s.silent, s.stuck = false, false })
				joined := make(chan error, 1)
				go func() { joined <- conn.Join(s.t.Context(), other) }()
				s.asked(other)
				s.session().Establish()
				if err := await(s, "join", joined); err != nil {
					t.Errorf("join: %v", err)
				}
				if e := s.event(voice.Moved); e.Channel != other {
					t.Errorf("moved to %d", e.Channel)
				}
				s.nothing(2 * time.Minute)
			})
		})
	}
}

// TestOldSessionsAreNotHeard (10.6): what a session says after it was replaced
// concerns nobody.
func TestOldSessionsAreNotHeard(t *testing.T) {
	onStage(t, func(s *stage) {
		conn, old := s.joined()
		s.server(guild, "voice.test:2")
		p := s.session()
		old.Establish()
		old.Resume(errors.New("old news"))
		old.End(closedWith(4014))
		synctest.Wait()
		select {
		case <-old.Dropped:
		default:
			t.Error("the old session goes on")
		}
		if st := conn.Status(); st.State != voice.Recovering || st.Resumes != 0 || st.LastErr != nil {
			t.Errorf("status %+v", st)
		}
		p.Establish()
		synctest.Wait()
		old.End(closedWith(4017))
		s.nothing(5 * time.Minute)
		if st := conn.Status(); st.State != voice.Ready {
			t.Errorf("status %+v", st)
		}
	})
}

// TestOldOp4sAreNotHeard: an op 4 that fails after another took its place.
func TestOldOp4sAreNotHeard(t *testing.T) {
	onStage(t, func(s *stage) {
		conn := s.hub.Conn(guild)
		s.set(func() { s.stuck = true })
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- conn.Join(s.t.Context(), channel) }()
		synctest.Wait()
		s.set(func() { s.stuck = false })
		go func() { second <- conn.Join(s.t.Context(), other) }() // calls the first off
		s.session().Establish()
		if err := await(s, "first join", first); fault.KindOf(err) != fault.Canceled {
			t.Errorf("first join: %v", err)
		}
		if err := await(s, "second join", second); err != nil {
			t.Errorf("second join: %v", err)
		}
		s.event(voice.Connected)
	})
}

// TestJoinTimesOut (10.25): a full channel gives no event at all.
func TestJoinTimesOut(t *testing.T) {
	onStage(t, func(s *stage) {
		s.set(func() { s.silent = true })
		began := time.Now()
		err := s.hub.Conn(guild).Join(s.t.Context(), channel)
		if took := time.Since(began); fault.KindOf(err) != fault.Denied || took < 5*time.Second || took > 10*time.Second {
			t.Errorf("join: %v after %v", err, took)
		}
	})
}
