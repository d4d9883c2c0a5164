package player_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"busker/dsp"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/session"
	"busker/track"
)

// owner starts a process that holds all guilds by a token.
func (l *lives) owner(token uint64) *life {
	l.Helper()
	p := l.begin()
	p.token.Store(token)
	return p
}

func (p *life) handOver() {
	p.Helper()
	if err := p.m.HandOver(p.Context(), nil); err != nil {
		p.Fatalf("hand over: %v", err)
	}
}

// follow has the guilds return that another process still plays.
func (p *life) follow() {
	p.Helper()
	if err := p.m.Revive(p.Context(), player.Pace{Running: true}); err != nil {
		p.Fatalf("revive: %v", err)
	}
}

func (p *life) moved(c player.Command) {
	p.Helper()
	if _, err := p.m.Do(p.Context(), guild, c); !errors.Is(err, player.ErrMoved) {
		p.Errorf("%#v: %v, want that it has moved", c, err)
	}
}

// silent checks that a process has told Discord nothing, and plays nothing.
func (p *life) silent() {
	p.Helper()
	o := p.outputs[guild]
	if n := o.leaves.Load(); n != 0 || !o.abandoned.Load() {
		p.Errorf("%d leaves, abandoned %v", n, o.abandoned.Load())
	}
	if s, plays := p.m.Status(guild); plays {
		p.Errorf("the player is still there: %+v", s)
	}
}

// slowly has Joins take a time.
func (l *lives) slowly(d time.Duration) {
	l.join = func(ctx context.Context, _ player.GuildID, _ snowflake.ID) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestMusicMoves: the new owner is where the old one is, which plays on all the time.
func TestMusicMoves(t *testing.T) {
	const second = 50 // frames
	nightcore := player.Filters{Settings: dsp.Settings{Timescale: dsp.Timescale{Speed: 1.25}}}
	for _, tt := range []struct {
		name   string
		tracks []int // lengths in frames
		before []player.Command
		at     time.Duration // of the hand-over
		gap    time.Duration // until the new owner begins to return
		title  string        // of the track at the end
	}{
		{name: "plain", tracks: []int{hour}, at: 61234 * time.Millisecond, gap: 300 * time.Millisecond, title: "b"},
		{name: "at once", tracks: []int{hour}, at: 3 * time.Second, title: "b"},
		{name: "late", tracks: []int{hour}, at: time.Minute, gap: 9 * time.Second, title: "b"},
		{name: "nightcore", tracks: []int{hour}, before: []player.Command{nightcore}, at: time.Minute, gap: time.Second, title: "b"},
		{name: "looped", tracks: []int{7 * second, hour}, before: []player.Command{player.Loop{Mode: queue.Track}}, at: 20 * time.Second, gap: 500 * time.Millisecond, title: "b"},
		{name: "looped queue", tracks: []int{4 * second, 3 * second}, before: []player.Command{player.Loop{Mode: queue.All}}, at: 20 * time.Second, gap: 1500 * time.Millisecond, title: "c"},
		{name: "border before the return", tracks: []int{10 * second, hour}, at: 9500 * time.Millisecond, gap: time.Second, title: "c"},
		{name: "border before the load", tracks: []int{10 * second, hour}, at: 9900 * time.Millisecond, gap: 400 * time.Millisecond, title: "c"},
		{name: "border while it joins", tracks: []int{10 * second, hour}, at: 9 * time.Second, gap: 600 * time.Millisecond, title: "c"},
		{name: "two borders", tracks: []int{10 * second, 20, hour}, at: 9 * time.Second, gap: 600 * time.Millisecond, title: "d"},
		{name: "border after", tracks: []int{10 * second, hour}, at: 7 * time.Second, gap: 600 * time.Millisecond, title: "c"},
		{name: "nightcore over a border", tracks: []int{20 * second, hour}, before: []player.Command{nightcore}, at: 15 * time.Second, gap: 800 * time.Millisecond, title: "c"},
		{name: "crossfade", tracks: []int{hour, hour}, before: []player.Command{player.Crossfade{Duration: 3 * time.Second}}, at: time.Minute, gap: time.Second, title: "b"},
		{name: "crossfade over a border", tracks: []int{20 * second, hour}, before: []player.Command{player.Crossfade{Duration: 2 * time.Second}}, at: 17 * time.Second, gap: 400 * time.Millisecond, title: "c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			live(t, func(l *lives) {
				a := l.owner(5)
				for _, c := range tt.before {
					a.do(guild, c)
				}
				var list []track.Track
				for i, n := range tt.tracks {
					list = append(list, l.shelf.put(i+1, n))
				}
				a.do(guild, player.Play{Tracks: list, Requester: 7, Channel: lobby})
				a.pass(tt.at)
				a.handOver()
				l.slowly(700 * time.Millisecond)
				a.pass(tt.gap)
				b := l.owner(6)
				b.follow()
				b.pass(3 * time.Second)
				was, is := a.status(guild), b.status(guild)
				near(t, "the new owner", is.Position, was.Position, 40*time.Millisecond) // two frames
				if is.Track.Title != tt.title || was.Track.Title != tt.title || is.Channel != lobby {
					t.Errorf("it plays %q in %v, the old owner %q, want %q", is.Track.Title, is.Channel, was.Track.Title, tt.title)
				}
				if is.ItemID != was.ItemID || !slices.EqualFunc(is.Queue, was.Queue, same) || is.Loop != was.Loop {
					t.Errorf("it has item %d, %v, the old owner %d, %v", is.ItemID, titles(is.Queue), was.ItemID, titles(was.Queue))
				}
				a.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: lobby})
				b.pass(time.Second)
				a.silent()
				a.end()
				b.end()
			})
		})
	}
}

// TestSlowOriginsMoveOnTime: the track is open before the old owner falls silent.
func TestSlowOriginsMoveOnTime(t *testing.T) {
	live(t, func(l *lives) {
		a := l.owner(5)
		list := l.album(1)
		a.do(guild, player.Play{Tracks: list, Channel: lobby})
		a.pass(time.Minute)
		a.handOver()
		open := l.shelf.tapes[list[0].URI]
		l.shelf.replace(list[0].URI, slowOpen(open, 2*time.Second))
		l.slowly(500 * time.Millisecond)
		b := l.owner(6)
		joins := time.Now()
		b.follow()
		if took := time.Since(joins); took < 2500*time.Millisecond {
			t.Errorf("it joined after %v", took)
		}
		arrived := time.Now()
		b.pass(time.Second)
		heard := b.outputs[guild].all()
		if gap := b.outputs[guild].start.Add(heard[0].at).Sub(arrived); gap > 40*time.Millisecond {
			t.Errorf("silence for %v", gap)
		}
		near(t, "the new owner", b.status(guild).Position, a.status(guild).Position, 39*time.Millisecond)
		a.end()
		b.end()
	})
}

// TestWhatStandsStillMovesAsItIs.
func TestWhatStandsStillMovesAsItIs(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before player.Command
		check  func(t *testing.T, s player.Status)
	}{
		{"paused", player.Pause{}, func(t *testing.T, s player.Status) {
			if s.State != player.StatePaused || s.Held {
				t.Errorf("it is %v", s.State)
			}
			near(t, "paused", s.Position, 10*time.Second, 40*time.Millisecond)
		}},
		{"held", player.Hold{On: true}, func(t *testing.T, s player.Status) {
			if s.State != player.StatePaused || !s.Held {
				t.Errorf("it is %v", s.State)
			}
			near(t, "held", s.Position, 10*time.Second, 40*time.Millisecond)
		}},
		{"idle", player.Stop{}, func(t *testing.T, s player.Status) {
			if s.State != player.StateIdle || !s.Stay {
				t.Errorf("it is %v", s.State)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			live(t, func(l *lives) {
				a := l.owner(5)
				a.do(guild, player.Stay{On: true})
				a.do(guild, player.Play{Tracks: l.album(2), Channel: lobby})
				a.pass(10 * time.Second)
				a.do(guild, tt.before)
				a.pass(time.Minute)
				a.handOver()
				a.pass(time.Second)
				b := l.owner(6)
				b.follow()
				b.pass(time.Second)
				s := b.status(guild)
				tt.check(t, s)
				if s.Channel != lobby {
					t.Errorf("it is in %v", s.Channel)
				}
				a.m.Release(nil)
				a.pass(time.Second)
				a.silent()
				a.end()
				b.end()
			})
		})
	}
}

// TestAnIdlePlayerMovesToo, for Discord leaves the bot in its channel, and leaves it.
func TestAnIdlePlayerMovesToo(t *testing.T) {
	live(t, func(l *lives) {
		a := l.owner(5)
		a.do(guild, player.Join{Channel: lobby})
		a.pass(time.Minute)
		a.handOver()
		a.pass(10 * time.Minute)
		b := l.owner(6)
		b.follow()
		if s := b.status(guild); s.Channel != lobby || s.State != player.StateIdle {
			t.Errorf("%v in %v", s.State, s.Channel)
		}
		if n := a.outputs[guild].leaves.Load(); n != 0 {
			t.Error("the old owner has left")
		}
		b.pass(6 * time.Minute)
		if n := b.outputs[guild].leaves.Load(); n != 1 {
			t.Errorf("%d leaves of the new owner", n)
		}
		a.end()
		b.end()
	})
}

// TestTheQueueEndsOnTheWay, or people wanted to sleep after the track.
func TestTheQueueEndsOnTheWay(t *testing.T) {
	for name, sleeps := range map[string]bool{"ends": false, "sleeps": true} {
		for _, gap := range []time.Duration{time.Second, 100 * time.Millisecond} {
			t.Run(name, func(t *testing.T) {
				live(t, func(l *lives) {
					a := l.owner(5)
					list := []track.Track{l.shelf.put(1, 500)}
					if sleeps {
						list = append(list, l.shelf.put(2, hour))
					}
					a.do(guild, player.Play{Tracks: list, Channel: lobby})
					a.do(guild, player.Sleep{AfterTrack: sleeps})
					a.pass(9500 * time.Millisecond)
					a.handOver()
					l.slowly(700 * time.Millisecond)
					a.pass(gap)
					b := l.owner(6)
					b.follow()
					b.pass(time.Second)
					s := b.status(guild)
					if s.State != player.StateIdle || (s.Channel == 0) != sleeps || len(b.outputs[guild].all()) > 0 {
						t.Errorf("%v in %v, %d frames were heard", s.State, s.Channel, len(b.outputs[guild].all()))
					}
					if n := b.outputs[guild].leaves.Load(); (n == 1) != sleeps {
						t.Errorf("%d leaves", n)
					}
					if sleeps {
						if s := b.do(guild, player.Join{Channel: lobby}); s.Track.Title != "c" {
							t.Errorf("then it plays %q", s.Track.Title)
						}
					}
					b.pass(time.Second)
					if n := a.outputs[guild].leaves.Load(); n != 0 {
						t.Error("the old owner has left")
					}
					a.end()
					b.end()
				})
			})
		}
	}
}

// TestWhatIsLentChangesNothing: what is kept stays as it was handed over, nobody hears of
// the player, and it takes no commands.
func TestWhatIsLentChangesNothing(t *testing.T) {
	ends := map[string]func(*life){
		"released": func(p *life) { p.m.Release(nil) },
		"replaced": func(p *life) {
			p.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: lobby})
		},
		"broken":  func(p *life) { p.outputs[guild].breakDown(errors.New("closed")) },
		"stopped": func(p *life) { p.end() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			live(t, func(l *lives) {
				a := l.owner(5)
				a.do(guild, player.Play{Tracks: []track.Track{l.shelf.put(1, 500), l.shelf.put(2, 500), l.shelf.put(3, hour)}, Channel: lobby})
				a.do(guild, player.Sleep{At: time.Now().Add(time.Minute)})
				a.pass(9 * time.Second)
				a.handOver()
				_ = a.happened(guild)
				before := l.saved()
				a.moved(player.Skip{})
				a.moved(player.Look{})
				a.moved(player.Leave{})
				a.pass(2 * time.Minute) // over two borders and the time to sleep
				if s := a.status(guild); s.Track.Title != "d" || s.State != player.StatePlaying {
					t.Errorf("it does not play on: %v %q", s.State, s.Track.Title)
				}
				end(a)
				a.pass(time.Second)
				a.silent()
				if got := a.happened(guild); len(got) > 0 {
					t.Errorf("events %q", got)
				}
				l.unchanged(before)
				a.end()
				a.silent()
				l.unchanged(before)
			})
		})
	}
}

// saved is what is kept of the guild but the heartbeat.
func (l *lives) saved() session.Saved {
	l.Helper()
	s, err := l.store.Load(l.Context(), guild)
	if err != nil {
		l.Fatal(err)
	}
	return s
}

func (l *lives) unchanged(before session.Saved) {
	l.Helper()
	now := l.saved()
	if !now.Place.At.Equal(before.Place.At) || now.Place.Item != before.Place.Item || len(now.Log) != len(before.Log) ||
		now.Queue.Seq != before.Queue.Seq || now.Place.Channel != before.Place.Channel {
		l.Errorf("kept is\n  %+v, was\n  %+v", now, before)
	}
}
