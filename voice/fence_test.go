package voice_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"busker/cluster"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice"
	"busker/voice/pace"
	"busker/voice/rtp"
)

// judge is a MayRejoin whose answer a test sets.
type judge struct {
	answer atomic.Pointer[error]
	asked  atomic.Int64
}

func (j *judge) say(err error) { j.answer.Store(&err) }

func (j *judge) mayRejoin(_ context.Context, g snowflake.ID) error {
	j.asked.Add(1)
	if err := j.answer.Load(); err != nil && *err != nil {
		return fmt.Errorf("guild %d: %w", g, *err)
	}
	return nil
}

func judged(j *judge) func(*voice.HubOptions) {
	return func(o *voice.HubOptions) { o.MayRejoin = j.mayRejoin }
}

// given checks that the guild is given up at once, and without a word to Discord.
func (s *stage) given(within time.Duration) {
	s.t.Helper()
	began := time.Now()
	e := s.event(voice.Disconnected)
	if !errors.Is(e.Err, voice.ErrReplaced) || fault.KindOf(e.Err) != fault.Unavailable {
		s.t.Errorf("disconnected: %v", e.Err)
	}
	if took := time.Since(began); took > within {
		s.t.Errorf("given up after %v, want at most %v", took, within)
	}
	s.nothing(10 * time.Minute)
}

// TestAGuildThatIsAnothersIsGivenUp, whatever ended the session.
func TestAGuildThatIsAnothersIsGivenUp(t *testing.T) {
	for _, code := range []int{1006, 4000, 4006, 4009, 4014, 4015, 4016, 4017, 4021, 4022} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			j := &judge{}
			onStage(t, func(s *stage) {
				_, p := s.joined()
				j.say(cluster.ErrLost)
				p.End(closedWith(code))
				s.event(voice.Interrupted)
				s.given(time.Second)
			}, judged(j))
		})
	}
}

// TestWhoseTheGuildIsCannotBeKnown: a session that ended as one does whose place was taken
// is given up; after any other trouble the call goes on.
func TestWhoseTheGuildIsCannotBeKnown(t *testing.T) {
	for code, replaced := range map[int]bool{1006: false, 4000: false, 4015: false, 4006: true, 4014: true, 4022: true} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			j := &judge{}
			onStage(t, func(s *stage) {
				_, p := s.joined()
				j.say(cluster.ErrUnreachable)
				p.End(closedWith(code))
				s.event(voice.Interrupted)
				if replaced {
					s.given(time.Second)
					return
				}
				s.back()
				s.nothing(time.Minute)
			}, judged(j))
		})
	}
}

// TestAMoveIsNoReplacement: Discord closed the session, and says where to a moment later,
// however fast it is known that nobody can say whose the guild is.
func TestAMoveIsNoReplacement(t *testing.T) {
	for name, slow := range map[string]bool{"while somebody is asked": true, "after that": false} {
		t.Run(name, func(t *testing.T) {
			var free chan struct{}
			onStage(t, func(s *stage) {
				if !slow {
					close(free)
				}
				_, p := s.joined()
				p.End(closedWith(4014))
				s.event(voice.Interrupted)
				pass(500 * time.Millisecond)
				s.state(guild, other)
				s.server(guild, "voice.test:1")
				next := s.session()
				if slow {
					close(free)
				}
				synctest.Wait()
				next.Establish()
				s.event(voice.Moved)
				s.nothing(time.Minute)
			}, func(o *voice.HubOptions) {
				free = make(chan struct{})
				o.MayRejoin = func(ctx context.Context, _ snowflake.ID) error {
					select {
					case <-free:
						return cluster.ErrUnreachable
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			})
		})
	}
}

// TestASlowAnswerIsNone: nobody waits for whose the guild is for longer than Timeouts.Owner.
func TestASlowAnswerIsNone(t *testing.T) {
	onStage(t, func(s *stage) {
		_, p := s.joined()
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		s.given(time.Second)
	}, func(o *voice.HubOptions) {
		o.MayRejoin = func(ctx context.Context, _ snowflake.ID) error { <-ctx.Done(); return ctx.Err() }
	})
}

// TestARejoinIsAllowedFirst: between two tries the guild can become another's.
func TestARejoinIsAllowedFirst(t *testing.T) {
	j := &judge{}
	onStage(t, func(s *stage) {
		_, p := s.joined()
		for range 3 {
			p.End(closedWith(4006))
			s.event(voice.Interrupted)
			p = s.back()
		}
		s.hub.HandleLost(guild)
		s.event(voice.Interrupted)
		p = s.back()
		p.End(closedWith(4006))
		s.event(voice.Interrupted)
		synctest.Wait()
		j.say(cluster.ErrLost)    // while the call backs off
		s.given(40 * time.Second) // when it would ask
	}, judged(j))
}

// TestWhatWasAskedForIsNotFenced: whoever took the word of somebody looked before.
func TestWhatWasAskedForIsNotFenced(t *testing.T) {
	j := &judge{}
	j.say(cluster.ErrLost)
	onStage(t, func(s *stage) {
		conn, _ := s.joined()
		if err := conn.Leave(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		s.asked(0)
		s.nothing(time.Minute)
		if n := j.asked.Load(); n != 0 {
			s.t.Errorf("asked %d times", n)
		}
	}, judged(j))
}

// TestAbandon: the call ends without a word, in any of its phases, and another may begin.
func TestAbandon(t *testing.T) {
	for name, prepare := range map[string]func(*stage, *voice.Played){
		"while it talks":     func(*stage, *voice.Played) {},
		"while it backs off": func(s *stage, p *voice.Played) { p.End(closedWith(4006)); s.event(voice.Interrupted) },
		"while it follows":   func(s *stage, p *voice.Played) { p.End(closedWith(4014)); s.event(voice.Interrupted) },
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(s *stage) {
				conn, p := s.joined()
				_ = conn.Send(packetOf("queued"))
				prepare(s, p)
				conn.Abandon()
				synctest.Wait()
				s.nothing(10 * time.Minute)
				if st := conn.Status(); st.State != voice.Out || st.Queued != 0 {
					s.t.Errorf("status %+v", st)
				}
				select {
				case <-p.Dropped:
				default:
					s.t.Error("the session goes on")
				}
				s.joined()
			})
		})
	}
}

// still lets a process stand still: a clock of the pacer that oversleeps once.
type still struct {
	bubbleClock
	by atomic.Int64 // of the next sleep
}

func (c *still) SleepUntil(at time.Duration) time.Duration {
	if by := c.by.Swap(0); by > 0 {
		pass(time.Duration(by))
	}
	return c.bubbleClock.SleepUntil(at)
}

// TestAProcessThatStoodStillAsks: nothing is sent before it is known that the guild is
// ours, or that nobody can say so. A guild that is another's is given up.
func TestAProcessThatStoodStillAsks(t *testing.T) {
	for name, tt := range map[string]struct {
		still  time.Duration
		answer error
		held   bool
		given  bool
	}{
		"ours":               {time.Minute, nil, true, false},
		"nobody can say":     {time.Minute, cluster.ErrUnreachable, true, false},
		"another's":          {time.Minute, cluster.ErrLost, true, true},
		"only a busy moment": {900 * time.Millisecond, cluster.ErrLost, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var free chan struct{}
			clock := &still{}
			var asked atomic.Bool
			onStage(t, func(s *stage) {
				conn, p := s.joined()
				sealer, err := rtp.NewSealer(rtp.AES256GCM, make([]byte, rtp.KeyBytes))
				if err != nil {
					s.t.Fatal(err)
				}
				p.Link(sealer)
				for range 10 {
					_ = conn.Send(packetOf("a"))
				}
				pass(100 * time.Millisecond)
				if conn.Sent() == 0 {
					s.t.Fatal("nothing is sent")
				}
				clock.by.Store(int64(tt.still))
				pass(pace.Frame)
				synctest.Wait()
				before := conn.Sent() // what the tick under way sent included
				pass(tt.still + 500*time.Millisecond)
				if asked.Load() != tt.held {
					s.t.Errorf("asked: %v", asked.Load())
				}
				if sent := conn.Sent() - before; tt.held != (sent == 0) {
					s.t.Errorf("%d packets after the standstill", sent)
				}
				close(free)
				if tt.given {
					s.given(time.Second)
					return
				}
				pass(time.Second)
				if conn.Sent() != 10 {
					s.t.Errorf("%d packets in the end", conn.Sent())
				}
			}, func(o *voice.HubOptions) {
				free = make(chan struct{})
				clock.bubbleClock = bubbleClock{time.Now()}
				o.Clock = clock
				o.MayRejoin = func(ctx context.Context, _ snowflake.ID) error {
					asked.Store(true)
					select {
					case <-free:
						return tt.answer
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			})
		})
	}
}

// TestAnswersAfterStandstillsComeInAnyOrder: of two standstills in a row the answer about the
// later one may come first, and it holds.
func TestAnswersAfterStandstillsComeInAnyOrder(t *testing.T) {
	var asked atomic.Int64
	var free [2]chan struct{}
	clock := &still{}
	onStage(t, func(s *stage) {
		conn, p := s.joined()
		sealer, err := rtp.NewSealer(rtp.AES256GCM, make([]byte, rtp.KeyBytes))
		if err != nil {
			s.t.Fatal(err)
		}
		p.Link(sealer)
		for i := range free {
			clock.by.Store(int64(1100 * time.Millisecond))
			pass(1200 * time.Millisecond)
			if n := asked.Load(); n != int64(i+1) {
				s.t.Fatalf("%d questions", n)
			}
		}
		for _, answer := range []chan struct{}{free[1], free[0]} {
			close(answer)
			synctest.Wait()
		}
		_ = conn.Send(packetOf("a"))
		pass(time.Second)
		if conn.Sent() != 1 {
			s.t.Error("silent for ever")
		}
	}, func(o *voice.HubOptions) {
		free = [2]chan struct{}{make(chan struct{}), make(chan struct{})}
		clock.bubbleClock = bubbleClock{time.Now()}
		o.Clock = clock
		o.Timeouts.Owner = time.Minute
		o.MayRejoin = func(context.Context, snowflake.ID) error {
			<-free[asked.Add(1)-1]
			return nil
		}
	})
}
