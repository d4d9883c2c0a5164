package player_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// killedWith starts n guilds a second apart, kills their process and begins another one.
func killedWith(l *lives, n int) *life {
	album := l.album(2)
	p := l.begin()
	for g := range player.GuildID(n) {
		p.do(g+1, player.Play{Tracks: album, Channel: lobby + g})
		p.pass(time.Second)
	}
	p.kill()
	return l.begin()
}

func TestGuildsReturnNewestFirst(t *testing.T) {
	live(t, func(l *lives) {
		var mu sync.Mutex
		var order []player.GuildID
		now, most := 0, 0
		slow := false
		l.join = func(_ context.Context, g player.GuildID, _ snowflake.ID) error {
			mu.Lock()
			order = append(order, g)
			now++
			most = max(most, now)
			wait := slow
			mu.Unlock()
			if wait {
				sleep(800 * time.Millisecond)
			}
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		}
		p := killedWith(l, 50)
		order, most, slow = nil, 0, true
		start := time.Now()
		if err := p.m.Revive(l.Context(), player.Pace{AtOnce: 5, Every: 20 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < 8*time.Second || d > 9*time.Second {
			t.Errorf("it took %v", d)
		}
		want := []player.GuildID{}
		for g := player.GuildID(50); g > 0; g-- {
			want = append(want, g)
		}
		if !slices.Equal(order, want) || most != 5 {
			t.Errorf("returned in the order %v, %d at once", order, most)
		}
		for g := range player.GuildID(50) {
			if s := p.status(g + 1); s.State != player.StatePlaying || s.Channel != lobby+g {
				t.Errorf("guild %d: %v in %v", g+1, s.State, s.Channel)
			}
		}
		p.end()
	})
}

func TestABadGuildHoldsUpNobody(t *testing.T) {
	live(t, func(l *lives) {
		p := killedWith(l, 12)
		l.join = func(ctx context.Context, g player.GuildID, _ snowflake.ID) error {
			if g > 6 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		p.kill()
		p = l.begin()
		ctx, cancel := context.WithCancel(l.Context())
		var reviving sync.WaitGroup
		reviving.Go(func() { _ = p.m.Revive(ctx, player.Pace{AtOnce: 3, Patience: time.Second}) })
		p.pass(5 * time.Second)
		for g := range player.GuildID(6) {
			if s := p.status(g + 1); s.State != player.StatePlaying {
				t.Errorf("guild %d is %v", g+1, s.State)
			}
		}
		cancel()
		reviving.Wait()
		p.end()
	})
}

func TestNoWayBack(t *testing.T) {
	for _, tt := range []struct {
		name    string
		refuses error
		join    error
		again   bool // the guild, told that it could not, returns with the next start
	}{
		{name: "gone", refuses: fault.New(fault.NotFound, "There is no such channel.")},
		{name: "full", join: fault.New(fault.Denied, "It is full.")},
		{name: "not yet known", refuses: fault.New(fault.Unavailable, "I am not connected yet."), again: true},
		{name: "no answer", join: fault.New(fault.Timeout, "Nobody answers."), again: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			live(t, func(l *lives) {
				p := killedWith(l, 1)
				p.kill()
				l.tune = func(o *player.Options) {
					o.Reachable = func(player.GuildID, snowflake.ID) error { return tt.refuses }
				}
				l.join = func(context.Context, player.GuildID, snowflake.ID) error { return tt.join }
				p = l.begin()
				if err := p.m.Revive(l.Context(), player.Pace{Tries: 2}); err != nil {
					t.Fatal(err)
				}
				if got, want := p.happened(guild), []string{"return failed"}; !slices.Equal(got, want) {
					t.Errorf("events %q, want %q", got, want)
				}
				p.kill()
				tt.refuses, tt.join = nil, nil
				p = l.begin()
				p.revive()
				if s := p.status(guild); (s.Channel != 0) != tt.again {
					t.Errorf("with the next start in channel %v", s.Channel)
				}
				if s := p.do(guild, player.Join{Channel: stage}); s.Track.Title != "b" || len(s.Queue) != 1 {
					t.Errorf("the queue is gone: %+v", s)
				}
				p.end()
			})
		})
	}
}

func TestReturnIsTriedAgain(t *testing.T) {
	live(t, func(l *lives) {
		p := killedWith(l, 1)
		p.kill()
		since := time.Now()
		l.tune = func(o *player.Options) {
			o.Reachable = func(player.GuildID, snowflake.ID) error {
				if time.Since(since) < 10*time.Second {
					return fault.New(fault.Unavailable, "I am not connected yet.")
				}
				return nil
			}
		}
		p = l.begin()
		p.revive()
		if s := p.status(guild); s.Channel != lobby {
			t.Errorf("in %v after %v", s.Channel, time.Since(since))
		}
		p.end()
	})
}

// TestPeopleAreFaster: what people have a guild do before it returns counts.
func TestPeopleAreFaster(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command player.Command
		channel snowflake.ID
		title   string
		queue   int
		at      time.Duration
	}{
		{"join", player.Join{Channel: stage}, stage, "b", 1, time.Second},
		{"play", player.Play{Channel: stage, Tracks: nil}, stage, "b", 2, time.Second},
		{"play now", player.Play{Channel: stage, Now: true}, stage, "x", 1, 0},
		{"leave", player.Leave{}, 0, "", 0, 0},
		{"volume", player.Volume{Percent: 50}, lobby, "b", 1, time.Second},
		{"clear", player.Clear{}, lobby, "b", 0, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			live(t, func(l *lives) {
				p := killedWith(l, 1)
				c := tt.command
				if play, ok := c.(player.Play); ok {
					play.Tracks = append(play.Tracks, l.shelf.put('x'-'a', hour))
					c = play
				}
				p.do(guild, c)
				p.revive()
				s := p.status(guild)
				if s.Channel != tt.channel || s.Track.Title != tt.title || len(s.Queue) != tt.queue {
					t.Errorf("plays %q in %v, then %d", s.Track.Title, s.Channel, len(s.Queue))
				}
				near(t, tt.name, s.Position, tt.at, time.Second)
				p.end()
			})
		})
	}
}

func TestPeopleCommandAGuildOnItsWay(t *testing.T) {
	live(t, func(l *lives) {
		p := killedWith(l, 1)
		l.join = func(ctx context.Context, _ player.GuildID, _ snowflake.ID) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		p.kill()
		p = l.begin()
		var working sync.WaitGroup
		working.Go(p.revive)
		p.pass(100 * time.Millisecond)
		working.Go(func() { p.do(guild, player.Skip{}) })
		p.pass(100 * time.Millisecond)
		s := p.do(guild, player.Join{Channel: stage})
		working.Wait()
		if s.Channel != stage || s.Track.Title != "c" {
			t.Errorf("plays %q in %v", s.Track.Title, s.Channel)
		}
		p.end()
	})
}

func TestLiveStreamsGoOnNow(t *testing.T) {
	live(t, func(l *lives) {
		radio := l.shelf.put(9, -1)
		radio.Live, radio.Seekable = true, false
		p := l.begin()
		p.do(guild, player.Play{Tracks: append([]track.Track{radio}, l.album(3)[2]), Channel: lobby})
		p.pass(time.Hour)
		p.kill()
		p = l.begin()
		p.revive()
		p.pass(time.Second)
		s := p.status(guild)
		if !s.Track.Live || s.State != player.StatePlaying || len(s.Queue) != 1 {
			t.Errorf("%v %q, then %d", s.State, s.Track.Title, len(s.Queue))
		}
		near(t, "a live stream", s.Position, time.Second, 100*time.Millisecond)
		p.end()
	})
}

// TestTheEndWasNear: by its heartbeat the track is over, and what follows it is due.
func TestTheEndWasNear(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: []track.Track{l.shelf.put(1, 100), l.shelf.put(2, hour)}, Channel: lobby})
		p.pass(1900 * time.Millisecond)
		p.disk.dead.Store(true) // between the end and its being kept
		p.pass(time.Second)
		p.kill()
		p = l.begin()
		p.revive()
		p.pass(time.Second)
		if s := p.status(guild); s.Track.Title != "c" {
			t.Errorf("plays %q", s.Track.Title)
		}
		p.end()
	})
}

func TestAroundTheClock(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Stay{On: true})
		p.do(guild, player.Play{Tracks: []track.Track{l.shelf.put(1, 100)}, Channel: lobby})
		p.pass(time.Hour)
		if s := p.status(guild); s.Channel != lobby || s.State != player.StateIdle || !s.Stay {
			t.Errorf("after an hour %v in %v", s.State, s.Channel)
		}
		p.kill()
		p = l.begin()
		p.revive()
		if s := p.status(guild); s.Channel != lobby || s.State != player.StateIdle || !s.Stay {
			t.Errorf("after a restart %v in %v, stay %v", s.State, s.Channel, s.Stay)
		}
		p.do(guild, player.Stay{})
		p.pass(6 * time.Minute)
		if s := p.status(guild); s.Channel != 0 {
			t.Error("it stays for ever")
		}
		p.end()
	})
}

func TestTheGuildsOwnIdleTime(t *testing.T) {
	live(t, func(l *lives) {
		l.tune = func(o *player.Options) {
			o.Idle = func(g player.GuildID) time.Duration {
				return map[player.GuildID]time.Duration{1: time.Minute, 2: -1}[g]
			}
		}
		p := l.begin()
		for g := range player.GuildID(3) {
			p.do(g+1, player.Join{Channel: lobby})
		}
		in := func(want ...player.GuildID) {
			t.Helper()
			for g := range player.GuildID(3) {
				if is := p.status(g+1).Channel != 0; is != slices.Contains(want, g+1) {
					t.Errorf("guild %d in a channel: %v", g+1, is)
				}
			}
		}
		p.pass(59 * time.Second)
		in(1, 2, 3)
		p.pass(2 * time.Second)
		in(2, 3)
		p.pass(time.Hour)
		in(2)
		p.end()
	})
}

func TestReviveWithoutMemory(t *testing.T) {
	run(t, nil, func(r *rig) {
		if err := r.m.Revive(r.Context(), player.Pace{}); err != nil {
			r.Error(err)
		}
		r.do(player.Return{})
		r.play(r.shelf.put(1, 100))
		if s := r.do(player.Return{}); s.State != player.StatePlaying || s.Loop != queue.Off {
			r.Errorf("%+v", s)
		}
	})
}
