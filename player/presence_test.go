package player_test

import (
	"slices"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/player"
	"busker/track"
)

func TestSleepStopsFadingAndKeepsTheQueue(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(2), Channel: lobby})
		at := time.Now().Add(time.Minute)
		p.pass(time.Second)
		if s := p.do(guild, player.Sleep{At: at}); !s.SleepAt.Equal(at) {
			t.Errorf("it sleeps at %v", s.SleepAt)
		}
		p.pass(61 * time.Second)
		s := p.status(guild)
		if s.Channel != 0 || s.State != player.StateIdle || len(s.Queue) != 1 || !s.SleepAt.IsZero() || s.Volume != 100 {
			t.Errorf("%v in %v with %d tracks, asleep at %v", s.State, s.Channel, len(s.Queue), s.SleepAt)
		}
		if got, want := p.happened(guild), []string{"joined", "started b", "sleep changed", "stopped b", "slept", "left slept"}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		fades(t, p.outputs[guild].all())
		if s = p.do(guild, player.Join{Channel: stage}); s.Track.Title != "b" {
			t.Errorf("woken up it plays %q", s.Track.Title)
		}
		near(t, "woken up", s.Position, time.Minute, 200*time.Millisecond)
		p.pass(time.Second)
		if heard := p.outputs[guild].all(); heard[len(heard)-1].track != 1 {
			t.Errorf("woken up it plays at volume %v", heard[len(heard)-1].track)
		}
		p.end()
	})
}

// fades checks that the volume, which a sample carries as its track, goes down in the last
// five seconds of a minute, and not before.
func fades(t *testing.T, heard []sample) {
	t.Helper()
	if n := len(heard); n < 2980 || n > 3000 {
		t.Fatalf("%d frames were heard of a minute", n)
	}
	for i, s := range heard {
		want := min(1, float32(3000-i)/250)
		if s.track > want+0.1 || s.track < want-0.1 {
			t.Fatalf("frame %d has volume %v, want %v", i, s.track, want)
		}
	}
}

func TestSleepAfterTheTrack(t *testing.T) {
	for _, stay := range []bool{false, true} {
		live(t, func(l *lives) {
			p := l.begin()
			p.do(guild, player.Stay{On: stay})
			p.do(guild, player.Play{Tracks: []track.Track{l.shelf.put(1, 500), l.shelf.put(2, 500), l.shelf.put(3, 500)}, Channel: lobby})
			p.pass(9 * time.Second) // the next one is open already
			p.do(guild, player.Sleep{AfterTrack: true})
			p.pass(20 * time.Second)
			s := p.status(guild)
			if s.State != player.StateIdle || (s.Channel != 0) != stay || len(p.outputs[guild].of(1)) != 500 || len(p.outputs[guild].of(2)) != 0 {
				t.Errorf("stay %v: %v in %v, heard %d and %d frames", stay, s.State, s.Channel,
					len(p.outputs[guild].of(1)), len(p.outputs[guild].of(2)))
			}
			p.kill()
			p = l.begin()
			p.revive() // nobody woke it up
			if s := p.status(guild); s.State != player.StateIdle || (s.Channel != 0) != stay {
				t.Errorf("stay %v: after a restart %v in %v", stay, s.State, s.Channel)
			}
			c := player.Command(player.Join{Channel: lobby})
			if stay {
				c = player.Resume{}
			}
			if s := p.do(guild, c); s.Track.Title != "c" || len(s.Queue) != 1 {
				t.Errorf("stay %v: woken up it plays %q", stay, s.Track.Title)
			}
			p.end()
		})
	}
}

func TestSleepSurvivesARestart(t *testing.T) {
	for _, down := range []time.Duration{10 * time.Second, 2 * time.Minute} {
		live(t, func(l *lives) {
			p := l.begin()
			p.do(guild, player.Play{Tracks: l.album(2), Channel: lobby})
			p.do(guild, player.Sleep{At: time.Now().Add(time.Minute)})
			p.kill()
			sleep(down)
			p = l.begin()
			p.revive()
			playing := down < time.Minute
			if s := p.status(guild); playing != (s.State == player.StatePlaying) {
				t.Errorf("after %v it is %v", down, s.State)
			}
			p.pass(time.Minute)
			if s := p.status(guild); s.State != player.StateIdle || s.Channel != 0 {
				t.Errorf("after %v and a minute it is %v", down, s.State)
			}
			if s := p.do(guild, player.Join{Channel: lobby}); s.Track.Title != "b" || len(s.Queue) != 1 {
				t.Errorf("woken up it plays %q", s.Track.Title)
			}
			p.end()
		})
	}
}

func TestSleepIsTakenBack(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.refuse(player.Sleep{AfterTrack: true}, fault.Invalid)
		r.play(r.shelf.put(1, 10_000))
		r.refuse(player.Sleep{At: time.Now().Add(-time.Second)}, fault.Invalid)
		r.do(player.Sleep{At: time.Now().Add(10 * time.Second)})
		r.pass(8 * time.Second) // it fades
		r.do(player.Sleep{})
		r.pass(time.Minute)
		if s := r.status(); s.State != player.StatePlaying || !s.SleepAt.IsZero() {
			r.Errorf("%v, sleeps at %v", s.State, s.SleepAt)
		}
		heard := r.out.all()
		if last, middle := heard[len(heard)-1], heard[390]; last.track != 1 || middle.track > 0.6 || middle.track < 0.3 {
			r.Errorf("heard %v in the fade and %v afterwards", middle, last)
		}
		r.do(player.Sleep{At: time.Now().Add(10 * time.Second)})
		r.do(player.Leave{})
		r.play(r.shelf.put(2, 10_000))
		r.pass(time.Minute)
		if s := r.status(); s.State != player.StatePlaying {
			r.Errorf("what was left behind put it to sleep: %v", s.State)
		}
	})
}

func TestHoldAndPauseAreIndependent(t *testing.T) {
	pause, resume := player.Pause{}, player.Resume{}
	hold, unhold := player.Hold{On: true}, player.Hold{}
	for _, tt := range []struct {
		name         string
		commands     []player.Command
		paused, held bool
		events       []string
	}{
		{"hold", []player.Command{hold, hold}, true, true, []string{"held true"}},
		{"somebody comes", []player.Command{hold, unhold}, false, false, []string{"held true", "held false"}},
		{"paused before", []player.Command{pause, hold, unhold}, true, false, []string{"paused", "held true", "held false"}},
		{"paused meanwhile", []player.Command{hold, pause, unhold}, true, false, []string{"held true", "paused", "held false"}},
		{"resumed by people", []player.Command{hold, resume}, false, false, []string{"held true", "held false"}},
		{"both lifted", []player.Command{pause, hold, resume}, false, false, []string{"paused", "held true", "held false", "resumed"}},
		{"nothing held", []player.Command{unhold}, false, false, nil},
		{"another track", []player.Command{hold, player.Skip{}}, true, true, []string{"held true", "skipped b"}},
		{"stopped", []player.Command{hold, player.Stop{}, hold}, false, false, []string{"held true", "stopped b", "held false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			live(t, func(l *lives) {
				p := l.begin()
				p.do(guild, player.Play{Tracks: l.album(2), Channel: lobby})
				p.pass(time.Second)
				p.happened(guild)
				for _, c := range tt.commands {
					p.do(guild, c)
					p.pass(20 * time.Millisecond)
				}
				if got := p.happened(guild); !slices.Equal(got, tt.events) && len(got)+len(tt.events) > 0 {
					t.Errorf("events %q, want %q", got, tt.events)
				}
				s := p.status(guild)
				if (s.State == player.StatePaused) != tt.paused || s.Held != tt.held {
					t.Errorf("%v, held %v", s.State, s.Held)
				}
				heard := len(p.outputs[guild].all())
				p.pass(time.Second)
				if still := len(p.outputs[guild].all()) == heard; still != tt.paused && s.State != player.StateIdle {
					t.Errorf("still %v, but it is %v", still, s.State)
				}
				p.end()
			})
		})
	}
}

func TestLeavingALoneKeepsTheQueue(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(3), Channel: lobby})
		p.pass(10 * time.Second)
		p.do(guild, player.Hold{On: true})
		p.do(guild, player.Leave{Alone: true})
		if got := p.happened(guild); got[len(got)-1] != "left alone" {
			t.Errorf("events %q", got)
		}
		p.kill()
		p = l.begin()
		p.revive()
		s := p.do(guild, player.Join{Channel: lobby})
		if s.Track.Title != "b" || len(s.Queue) != 2 || s.State != player.StatePlaying || s.Held {
			t.Errorf("%v %q, then %d, held %v", s.State, s.Track.Title, len(s.Queue), s.Held)
		}
		near(t, "back", s.Position, 10*time.Second, 0)
		p.end()
	})
}
