package voice_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/voice"
	"busker/voice/signal"
)

// TestCloseCodesAreRejoined covers every code of the table that asks for a new session:
// the old token is not used again (10.2), the first pause is 1 s ± 25 %, and a code
// that will not go away ends the call after its limit.
func TestCloseCodesAreRejoined(t *testing.T) {
	for code, limit := range map[int]int{
		1006: 6, 4000: 6, 4001: 6, 4002: 3, 4003: 6, 4004: 2, 4005: 6, 4006: 6, 4009: 6,
		4011: 6, 4012: 1, 4013: 6, 4015: 6, 4020: 3, 4999: 6,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			onStage(t, func(s *stage) {
				_, p := s.joined()
				_, first := p.Identity()
				lost := time.Now()
				p.End(closedWith(code))
				s.event(voice.Interrupted)
				if wait := s.asked(channel).at.Sub(lost); wait < 750*time.Millisecond || wait > 1250*time.Millisecond {
					t.Errorf("op 4 after %v", wait)
				}
				p = s.session()
				if _, second := p.Identity(); second.Token == first.Token {
					t.Error("the same token again")
				}
				for range limit - 1 {
					p.End(closedWith(code))
					s.asked(channel)
					p = s.session()
				}
				p.End(closedWith(code))
				s.asked(0)
				var closed *signal.Closed
				if e := s.event(voice.Disconnected); fault.KindOf(e.Err) != fault.Unavailable ||
					!errors.As(e.Err, &closed) || closed.Code != code {
					t.Errorf("disconnected: %v", e.Err)
				}
				s.nothing(5 * time.Minute)
			})
		})
	}
}

// TestCloseCodesThatStop (10.16): nothing is tried again.
func TestCloseCodesThatStop(t *testing.T) {
	for code, kind := range map[int]fault.Kind{4016: fault.Unavailable, 4017: fault.Unsupported} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			onStage(t, func(s *stage) {
				_, p := s.joined()
				p.End(closedWith(code))
				s.event(voice.Interrupted)
				s.asked(0)
				if e := s.event(voice.Disconnected); fault.KindOf(e.Err) != kind {
					t.Errorf("disconnected: %v", e.Err)
				}
				s.nothing(5 * time.Minute)
			})
		})
	}
}

// TestCloseCodesToFollow (10.6, 10.22): Discord says where to, or nobody goes anywhere.
func TestCloseCodesToFollow(t *testing.T) {
	for _, code := range []int{4014, 4022} {
		for name, next := range map[string]func(*stage){
			"nothing": func(s *stage) {
				s.nothing(9900 * time.Millisecond)
				s.asked(0)
				if e := s.event(voice.Disconnected); fault.KindOf(e.Err) != fault.Denied {
					s.t.Errorf("disconnected: %v", e.Err)
				}
			},
			"kicked": func(s *stage) {
				s.nothing(9 * time.Second)
				s.state(guild, 0)
				if e := s.event(voice.Disconnected); !errors.Is(e.Err, voice.ErrKicked) {
					s.t.Errorf("disconnected: %v", e.Err)
				}
			},
			"moved": func(s *stage) {
				s.nothing(9 * time.Second)
				s.state(guild, other)
				s.server(guild, "elsewhere.test:1")
				s.session().Establish()
				s.event(voice.Moved)
			},
			"another server": func(s *stage) {
				s.nothing(9 * time.Second)
				s.server(guild, "elsewhere.test:1")
				p := s.session()
				if endpoint, _ := p.Identity(); endpoint != "elsewhere.test:1" {
					s.t.Errorf("endpoint %s", endpoint)
				}
				p.Establish()
				s.event(voice.Connected)
			},
			"no server yet": func(s *stage) {
				s.hub.HandleServer(voice.ServerUpdate{Guild: guild})
				s.nothing(59 * time.Second)
				s.server(guild, "elsewhere.test:1")
				s.session().Establish()
				s.event(voice.Connected)
			},
		} {
			t.Run(fmt.Sprint(code, " ", name), func(t *testing.T) {
				onStage(t, func(s *stage) {
					_, p := s.joined()
					p.End(closedWith(code))
					s.event(voice.Interrupted)
					next(s)
					s.nothing(5 * time.Minute)
				})
			})
		}
	}
}

// TestRateLimited: 4021 asks for a minute of rest, whoever is in a hurry.
func TestRateLimited(t *testing.T) {
	onStage(t, func(s *stage) {
		conn, p := s.joined()
		p.End(closedWith(4021))
		s.event(voice.Interrupted)
		s.nothing(10 * time.Second)
		impatient := make(chan error, 1)
		go func() { impatient <- conn.Join(s.t.Context(), channel) }()
		s.nothing(49 * time.Second)
		if err := <-impatient; fault.KindOf(err) != fault.Timeout {
			t.Errorf("join: %v", err)
		}
		s.back()
	})
}

// TestLimitsCountPerCode: what other codes cost is not held against one with a limit.
func TestLimitsCountPerCode(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		for _, code := range []int{4000, 4000, 4012} {
			p.End(closedWith(code))
			s.asked(channel)
			p = s.session()
		}
		p.End(closedWith(4012))
		s.asked(0)
	})
}

// TestBackoff: 1, 2, 4, 8, 16, 30 s ± 25 %, half forgotten after ten seconds without
// trouble and wholly after a minute.
func TestBackoff(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		lose := func(want time.Duration) {
			t.Helper()
			lost := time.Now()
			p.End(closedWith(4000))
			s.event(voice.Interrupted)
			wait := s.asked(channel).at.Sub(lost)
			if wait < want*3/4 || wait > want*5/4 {
				t.Errorf("op 4 after %v, want %v", wait, want)
			}
			p = s.session()
			p.Establish()
			s.event(voice.Connected)
		}
		for range 2 {
			for _, want := range []int{1, 2, 4, 8, 16, 30} {
				lose(time.Duration(want) * time.Second)
				pass(9 * time.Second)
			}
			pass(52 * time.Second)
		}
		for _, want := range []int{1, 2, 4} {
			lose(time.Duration(want) * time.Second)
		}
		pass(11 * time.Second)
		lose(2 * time.Second)
		pass(61 * time.Second)
		p.End(closedWith(4000))
		s.event(voice.Interrupted)
		p = s.back()
		for range 5 {
			p.End(closedWith(4000))
			s.event(voice.Interrupted)
			p = s.back()
		}
		p.End(closedWith(4000))
		s.event(voice.Interrupted)
		s.asked(0)
		s.event(voice.Disconnected)
	})
}

// TestNobodyAnswers: the ladder of a rejoin that Discord sees no reason to answer.
func TestNobodyAnswers(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		s.set(func() { s.silent = true })
		p.End(closedWith(4009))
		s.event(voice.Interrupted)
		first := s.asked(channel)
		null := s.asked(0)
		if wait := null.at.Sub(first.at); wait < 5*time.Second || wait > 10*time.Second {
			t.Errorf("op 4 null after %v", wait)
		}
		again := s.asked(channel)
		if wait := again.at.Sub(null.at); wait > 3*time.Second {
			t.Errorf("op 4 again after %v", wait)
		}
		s.set(func() { s.silent = false })
		s.back()
	})
}

// TestStatusTellsOfReconnects: when, and why.
func TestStatusTellsOfReconnects(t *testing.T) {
	onStage(t, func(s *stage) {
		conn, p := s.joined()
		if st := conn.Status(); !st.LastReconnect.IsZero() || st.LastCause != nil {
			t.Errorf("after the join: %+v", st)
		}
		pass(time.Minute)
		p.Resume(signal.ErrZombie)
		pass(time.Minute)
		if st := conn.Status(); time.Since(st.LastReconnect) != time.Minute || !errors.Is(st.LastCause, signal.ErrZombie) {
			t.Errorf("after a resume: %+v", st)
		}
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		s.back()
		pass(time.Minute)
		var closed *signal.Closed
		if st := conn.Status(); time.Since(st.LastReconnect) != time.Minute || !errors.As(st.LastCause, &closed) {
			t.Errorf("after a rejoin: %+v", st)
		}
		s.server(guild, "elsewhere.test:1")
		s.session().Establish()
		pass(time.Second)
		if st := conn.Status(); time.Since(st.LastReconnect) != time.Second || errors.As(st.LastCause, &closed) {
			t.Errorf("after a region change: %+v", st)
		}
	})
}
