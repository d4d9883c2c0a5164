package player_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/audio"
	"busker/internal/fault"
	"busker/player"
	"busker/track"
)

// long is an interruption longer than every patience of the player.
const long = time.Minute

// cut interrupts the output and says so.
func (r *rig) cut() {
	r.out.held.Store(true)
	r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputInterrupted, Channel: lobby, Err: errors.New("no route")})
	synctest.Wait()
}

// mend ends the interruption.
func (r *rig) mend() {
	r.out.held.Store(false)
	r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputConnected, Channel: lobby})
	synctest.Wait()
}

// TestAnInterruptionSkipsAndDoublesNothing interrupts two tracks of two seconds at
// every place that is different for the pump.
func TestAnInterruptionSkipsAndDoublesNothing(t *testing.T) {
	const frames = 100
	for name, tt := range map[string]struct {
		at     time.Duration
		change func(*tape)
	}{
		"before the first frame":     {at: 5 * time.Millisecond},
		"in the middle":              {at: time.Second + 5*time.Millisecond},
		"when all of it is read":     {at: 1950 * time.Millisecond},
		"between the two":            {at: 2005 * time.Millisecond},
		"at the end of the second":   {at: 3950 * time.Millisecond},
		"while the source is late":   {at: time.Second, change: func(t *tape) { t.late, t.by = 20, 5*time.Second }},
		"while it is late for long":  {at: time.Second, change: func(t *tape) { t.late, t.by = 20, 50*time.Second }},
		"and it is late on after it": {at: time.Second, change: func(t *tape) { t.late, t.by = 20, 65*time.Second }},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				var change []func(*tape)
				if tt.change != nil {
					change = append(change, tt.change)
				}
				r.play(r.shelf.put(1, frames, change...), r.shelf.put(2, frames))
				r.pass(tt.at)
				r.cut()
				at := r.status()
				r.pass(long)
				if now := r.status(); now.Position != at.Position || now.ItemID != at.ItemID || !now.Interrupted {
					t.Errorf("went from %v of item %d to %v of item %d, interrupted %v",
						at.Position, at.ItemID, now.Position, now.ItemID, now.Interrupted)
				}
				r.mend()
				r.pass(15 * time.Second)
				r.whole(1, 1, frames)
				r.whole(2, 1, frames)
				told := r.happened()
				for kind, want := range map[string]int{
					"interrupted": 1, "reconnected": 1, "started b": 1, "started c": 1, "finished b": 1, "finished c": 1, "stuck b": 0,
				} {
					n := 0
					for _, e := range told {
						if e == kind {
							n++
						}
					}
					if n != want {
						t.Errorf("%q was told %d times, want %d: %q", kind, n, want, told)
					}
				}
			})
		})
	}
}

func TestManyInterruptionsSkipAndDoubleNothing(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 500), r.shelf.put(2, 50))
		for range 20 {
			r.pass(407 * time.Millisecond)
			r.cut()
			r.cut() // said twice
			r.pass(3 * time.Second)
			r.mend()
		}
		r.pass(10 * time.Second)
		r.whole(1, 1, 500)
		r.whole(2, 1, 50)
	})
}

// TestASourceThatDiesWhileNothingIsHeard lets the origin of a track give up on us
// during an interruption, or a pause.
func TestASourceThatDiesWhileNothingIsHeard(t *testing.T) {
	const frames = 300
	type way struct {
		name     string
		seekable bool
		hangs    bool // instead of an error
		paused   bool // instead of interrupted
	}
	for _, tt := range []way{
		{"seekable", true, false, false},
		{"not seekable", false, false, false},
		{"without a word", true, true, false},
		{"in a pause", true, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				var dead atomic.Bool
				tr := r.shelf.put(1, frames)
				tr.Seekable = tt.seekable
				r.shelf.replace(tr.URI, func(_ context.Context, at time.Duration) (audio.Reader, error) {
					if at > 0 && !tt.seekable {
						return nil, errors.New("from the start only")
					}
					tp := &tape{track: 1, next: int(audio.Frames(at)), frames: frames, closed: make(chan struct{})}
					if r.shelf.opens.Load() == 1 {
						tp.dead, tp.hangs = &dead, tt.hangs
					}
					return tp, nil
				})
				r.play(tr, r.shelf.put(2, 50))
				r.pass(2 * time.Second)
				if tt.paused {
					r.do(player.Pause{})
				} else {
					r.cut()
				}
				dead.Store(true)
				r.pass(long)
				if tt.paused {
					r.do(player.Resume{})
				} else {
					r.mend()
				}
				r.pass(player.DefaultStuckTimeout + 10*time.Second)
				r.whole(1, 1, frames)
				r.whole(2, 1, 50)
				if s := r.status(); s.LastError != nil {
					t.Errorf("error %v", s.LastError)
				}
			})
		})
	}
}

func TestALiveStreamThatDiesInAnInterruptionIsOpenedAnew(t *testing.T) {
	run(t, nil, func(r *rig) {
		var dead atomic.Bool
		tr := r.shelf.put(1, -1, func(t *tape) {
			if !dead.Load() {
				t.dead = &dead
			}
		})
		tr.Live, tr.Seekable = true, false
		r.play(tr)
		r.pass(2 * time.Second)
		r.cut()
		dead.Store(true)
		r.pass(long)
		r.mend()
		r.pass(5 * time.Second)
		if n := r.shelf.opens.Load(); n != 2 {
			t.Errorf("opened %d times", n)
		}
		r.expect("joined", "started b", "interrupted", "reconnected")
	})
}

// TestASourceGoneForGoodFailsItsTrack is the limit of patience: the second opening
// fails too.
func TestASourceGoneForGoodFailsItsTrack(t *testing.T) {
	run(t, nil, func(r *rig) {
		var dead atomic.Bool
		tr := r.shelf.put(1, 500, func(t *tape) { t.dead = &dead })
		r.play(tr, r.shelf.put(2, 50))
		r.pass(2 * time.Second)
		r.cut()
		dead.Store(true)
		r.pass(long)
		r.mend()
		r.pass(5 * time.Second)
		if n := r.shelf.opens.Load(); n != 3 {
			t.Errorf("opened %d times", n)
		}
		r.whole(2, 1, 50)
		r.expect("joined", "started b", "interrupted", "reconnected", "failed b internal", "failed b", "started c", "finished c", "queue ended")
	})
}

func TestAPausedPlayerStaysPausedThroughAReconnect(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 200))
		r.pass(time.Second)
		s := r.do(player.Pause{})
		r.cut()
		r.pass(long)
		r.mend()
		r.pass(long)
		if now := r.status(); now.State != player.StatePaused || now.Position != s.Position {
			t.Errorf("%v at %v, was at %v", now.State, now.Position, s.Position)
		}
		r.do(player.Resume{})
		r.pass(5 * time.Second)
		r.whole(1, 1, 200)
	})
}

// TestCommandsWorkDuringAnInterruption changes everything while nothing is heard.
func TestCommandsWorkDuringAnInterruption(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 500), r.shelf.put(2, 500), r.shelf.put(3, 100))
		r.pass(time.Second)
		r.cut()
		r.do(player.Skip{})
		r.pass(long)
		r.do(player.Volume{Percent: 50})
		r.do(player.Volume{Percent: 100})
		r.do(player.Seek{At: 2 * time.Second})
		r.pass(long)
		r.mend()
		r.pass(20 * time.Second)
		r.whole(2, 101, 500)
		r.whole(3, 1, 100)
	})
}

func TestAMoveEndsAnInterruption(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 200))
		r.pass(time.Second)
		r.cut()
		r.pass(long)
		r.out.held.Store(false)
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputMoved, Channel: stage})
		r.pass(5 * time.Second)
		if s := r.status(); s.Channel != stage || s.Interrupted {
			t.Errorf("in %v, interrupted %v", s.Channel, s.Interrupted)
		}
		r.whole(1, 1, 200)
		r.expect("joined", "started b", "interrupted", "moved", "reconnected", "finished b", "queue ended")
	})
}

func TestAnInterruptionMayEndForGood(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 200))
		r.pass(time.Second)
		r.cut()
		r.pass(long)
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: lobby, Err: fault.New(fault.Denied, "I was disconnected.")})
		r.pass(time.Second)
		if s := r.status(); s.State != player.StateIdle || s.Interrupted || s.Voice.Connected {
			t.Errorf("status %+v", s)
		}
		r.expect("joined", "started b", "interrupted", "left b", "left disconnected")
	})
}

// TestHealthIsInStatusAndMetrics follows a connection from nothing to nothing.
func TestHealthIsInStatusAndMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	run(t, func(o *player.Options, _ *rig) { o.Metrics = player.NewMetrics(reg) }, func(r *rig) {
		check := func(state string, connected bool) {
			t.Helper()
			if s := r.status(); s.Voice.Connected != connected || s.Interrupted != (state == "interrupted") ||
				s.Voice.Epoch != uint64(s.Channel) {
				t.Errorf("%s: %+v", state, s.Voice)
			}
			for _, other := range []string{"encrypted", "plain", "interrupted"} {
				want := 0.0
				if other == state {
					want = 1
				}
				if n := figure(t, reg, "busker_player_voice_connections", other); n != want {
					t.Errorf("%s: %v %s connections", state, n, other)
				}
			}
		}
		list := []track.Track{r.shelf.put(1, 5000)}
		r.do(player.Leave{})
		check("", false)
		r.do(player.Play{Tracks: list, Channel: lobby})
		r.pass(time.Second)
		check("encrypted", true)
		r.do(player.Join{Channel: stage})
		check("plain", true)
		r.cut()
		check("interrupted", false)
		r.pass(3 * time.Second)
		r.mend()
		check("plain", true)
		r.cut()
		r.do(player.Leave{})
		check("", false)
		r.do(player.Join{Channel: stage})
		r.cut()
		r.m.Release(func(player.GuildID) bool { return true })
		r.pass(time.Second)
		for _, outcome := range []string{"restored", "lost", "elsewhere"} {
			if n := figure(t, reg, "busker_player_interruption_seconds", outcome); n != 1 {
				t.Errorf("%v interruptions %s", n, outcome)
			}
		}
	})
}

// figure returns a gauge's value, or how many values a histogram has, for one label.
func figure(t *testing.T, reg *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return 0
}
