package voice_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice"
)

// TestReidentify (10.19): the main gateway's session is gone, and with it our voice
// state: voice closes with 4014 while nobody is there to ask, for minutes. What was
// queued is kept.
func TestReidentify(t *testing.T) {
	for name, began := range map[string]func(*stage, *voice.Played){
		"voice closes first":  func(_ *stage, p *voice.Played) { p.End(closedWith(4014)) },
		"server goes away":    func(s *stage, _ *voice.Played) { s.hub.HandleServer(voice.ServerUpdate{Guild: guild}) },
		"session is lost":     func(_ *stage, p *voice.Played) { p.End(closedWith(4006)) },
		"nothing is noticed":  nil,
		"and voice never was": func(s *stage, p *voice.Played) { p.End(errors.New("reset")) },
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(s *stage) {
				conn, p := s.joined()
				for range 3 {
					_ = conn.Send(packetOf("queued"))
				}
				s.set(func() { s.offline, s.stuck = true, true })
				if began != nil {
					began(s, p)
					s.event(voice.Interrupted)
				}
				s.nothing(4 * time.Minute)
				s.set(func() { s.offline, s.stuck = false, false })
				s.hub.HandleLost(guild)
				synctest.Wait() // the loss is told before anything Discord answers
				close(s.free)
				if began == nil {
					s.event(voice.Interrupted)
				}
				s.back()
				if st := conn.Status(); st.Queued != 3 || st.Channel != channel || st.State != voice.Ready {
					t.Errorf("status %+v", st)
				}
				s.nothing(time.Minute)
			})
		})
	}
}

// TestAwayTooLong: five minutes without the main gateway end a call.
func TestAwayTooLong(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		s.set(func() { s.offline = true })
		p.End(closedWith(4014))
		s.event(voice.Interrupted)
		began := time.Now()
		e := s.event(voice.Disconnected)
		if away := time.Since(began); fault.KindOf(e.Err) != fault.Unavailable || away < 5*time.Minute || away > 6*time.Minute {
			t.Errorf("disconnected after %v: %v", away, e.Err)
		}
	})
}

// TestBackWithoutLoss: the main gateway resumed its session; what it knew, it knows.
// The patience with it begins anew.
func TestBackWithoutLoss(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		s.set(func() { s.offline = true })
		p.End(closedWith(4014))
		s.event(voice.Interrupted)
		s.nothing(2 * time.Minute)
		s.set(func() { s.offline = false })
		s.nothing(9 * time.Second) // a second of it is for noticing
		s.state(guild, other)
		s.server(guild, "voice.test:1")
		s.session().Establish()
		s.event(voice.Moved)
	})
}

// TestAskedBeforeItWasLost: an op 4 on its way when the session is replaced is
// answered by nobody, or twice; either way it is asked again, and once is enough.
func TestAskedBeforeItWasLost(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		s.set(func() { s.silent = true })
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		s.asked(channel)
		s.set(func() { s.silent = false })
		s.hub.HandleLost(guild)
		s.back()
		s.nothing(time.Minute)
	})
}

// TestLostForgetsTheState: a new server is not paired with a state of the session before.
func TestLostForgetsTheState(t *testing.T) {
	onStage(t, func(s *stage) {
		s.joined()
		s.set(func() { s.silent = true })
		s.hub.HandleLost(guild)
		s.event(voice.Interrupted)
		s.asked(channel)
		s.server(guild, "voice.test:2")
		s.nothing(time.Second)
		s.hub.HandleState(voice.StateUpdate{Guild: guild, Channel: channel, User: self, SessionID: "main-2"})
		if _, id := s.session().Identity(); id.SessionID != "main-2" {
			t.Errorf("identified as %+v", id)
		}
	})
}

// TestRenewedIsHeardUntilTheNextSession: while another session of the main gateway is
// asked, the call goes on, and what comes is not paired with the state before.
func TestRenewedIsHeardUntilTheNextSession(t *testing.T) {
	onStage(t, func(s *stage) {
		conn, _ := s.joined()
		s.set(func() { s.silent = true })
		s.hub.HandleRenewed(guild)
		s.asked(channel)
		s.nothing(time.Second)
		if now := conn.Status().State; now != voice.Ready {
			t.Errorf("while it is asked the connection is %v", now)
		}
		s.server(guild, "voice.test:2")
		s.nothing(time.Second)
		s.hub.HandleState(voice.StateUpdate{Guild: guild, Channel: channel, User: self, SessionID: "main-2"})
		p := s.session()
		if _, id := p.Identity(); id.SessionID != "main-2" {
			t.Errorf("identified as %+v", id)
		}
		p.Establish()
		s.nothing(time.Minute)
	})
}

// TestRenewedWhileItIsDownComesBack: there is nothing to go on by.
func TestRenewedWhileItIsDownComesBack(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		s.hub.HandleRenewed(guild)
		s.back()
		s.nothing(time.Minute)
	})
}

// TestLeaveInTheQueue: an op 4 null that waits behind others is not given up, or Discord
// would keep us in the channel; one that concerns a lost session is.
func TestLeaveInTheQueue(t *testing.T) {
	for name, lost := range map[string]bool{"goes out": false, "is not needed": true} {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(s *stage) {
				conn, _ := s.joined()
				s.set(func() { s.stuck = true })
				left := make(chan error, 1)
				go func() { left <- conn.Leave(s.t.Context()) }()
				s.nothing(2 * time.Minute)
				if lost {
					s.hub.HandleLost(guild)
				} else {
					close(s.free)
					s.asked(0)
				}
				if err := await(s, "leave", left); err != nil {
					t.Error(err)
				}
				s.nothing(time.Minute)
			})
		})
	}
}

// TestLostWithoutACall: nothing to do.
func TestLostWithoutACall(t *testing.T) {
	onStage(t, func(s *stage) {
		s.hub.HandleLost(guild)
		s.hub.Conn(guild)
		s.hub.HandleLost(guild)
		s.nothing(time.Minute)
	})
}

// TestEverybodyIsLostAtOnce (10.19): 200 players come back at the pace of the shard's
// command limit, 50 at once and one a second. Nobody gives up for being far back in
// the queue, and none is asked for twice.
func TestEverybodyIsLostAtOnce(t *testing.T) {
	const players = 200
	onStage(t, func(s *stage) {
		var wg sync.WaitGroup
		for i := range players {
			wg.Go(func() {
				if err := s.hub.Conn(guild+snowflake.ID(i)).Join(s.t.Context(), channel); err != nil {
					t.Errorf("join: %v", err)
				}
			})
		}
		for range players {
			s.session().Establish()
			s.event(voice.Connected)
			s.asked(channel)
		}
		wg.Wait()
		s.set(func() { s.queue = rate.NewLimiter(1, 50) })
		lost := time.Now()
		for i := range players {
			s.hub.HandleLost(guild + snowflake.ID(i))
		}
		asked := map[snowflake.ID]int{}
		var last time.Time
		for n := range players {
			a := s.asked(channel)
			if asked[a.guild]++; asked[a.guild] > 1 {
				t.Fatalf("guild %d asked %d times", a.guild, asked[a.guild])
			}
			if since := a.at.Sub(lost); n >= 50 && since < time.Duration(n-50)*time.Second {
				t.Fatalf("op 4 number %d after %v", n, since)
			}
			last = a.at
			s.session().Establish()
		}
		for connected := 0; connected < players; {
			switch e := await(s, "event", s.events); e.Kind {
			case voice.Connected:
				connected++
			case voice.Interrupted:
			default:
				t.Fatalf("event %v: %v", e.Kind, e.Err)
			}
		}
		if took := last.Sub(lost); took > 155*time.Second {
			t.Errorf("the last op 4 went out after %v", took)
		}
		s.nothing(time.Minute)
	})
}

// TestAwayAgain: the minutes the main gateway was away before do not count.
func TestAwayAgain(t *testing.T) {
	for name, first := range map[string]func(*stage, *voice.Conn, *voice.Played) *voice.Played{
		"after a rejoin": func(s *stage, _ *voice.Conn, p *voice.Played) *voice.Played {
			p.End(closedWith(4006))
			s.event(voice.Interrupted)
			s.nothing(time.Minute)
			s.set(func() { s.offline, s.stuck = false, false })
			close(s.free) // and the answers come at once
			return s.back()
		},
		"after a move called off": func(s *stage, conn *voice.Conn, p *voice.Played) *voice.Played {
			moving, enough := context.WithTimeout(s.t.Context(), 10*time.Second)
			defer enough()
			if err := conn.Join(moving, other); err == nil {
				s.t.Error("moved")
			}
			s.set(func() { s.offline, s.stuck = false, false })
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(s *stage) {
				conn, p := s.joined()
				s.set(func() { s.offline, s.stuck = true, true })
				p = first(s, conn, p)
				pass(10 * time.Minute)
				s.set(func() { s.offline = true })
				p.End(closedWith(4014))
				s.event(voice.Interrupted)
				s.nothing(4 * time.Minute)
				s.set(func() { s.offline = false })
				s.state(guild, other)
				s.server(guild, "voice.test:1")
				s.session().Establish()
				s.event(voice.Moved)
			})
		})
	}
}
