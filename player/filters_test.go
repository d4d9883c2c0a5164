package player_test

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/player"
	"busker/track"
)

// TestFiltersComeAndGo puts a filter on a track of packets and takes it off again.
func TestFiltersComeAndGo(t *testing.T) {
	half := dsp.Settings{ChannelMix: dsp.ChannelMix{On: true, LeftToLeft: 0.5, RightToRight: 0.5}}
	d := press(t, tone(500, 0.1), 8*audio.SampleRate)
	heard := listen(t, func(r *rig, box *jukebox) {
		r.play(box.disc(d))
		r.pass(2 * time.Second)
		before := len(r.out.got())
		if s := r.do(player.Filters{Settings: half}); s.Filters != half {
			r.Errorf("filters %+v", s.Filters)
		}
		if n := len(r.out.got()) - before; n > 1 {
			r.Errorf("%d packets went meanwhile", n)
		}
		r.pass(2 * time.Second)
		if s := r.status(); s.Mode != player.ModeEncoding {
			r.Errorf("mode %v", s.Mode)
		}
		r.do(player.Filters{})
		r.pass(3 * time.Second)
		if s := r.status(); s.Mode != player.ModePassthrough {
			r.Errorf("mode %v", s.Mode)
		}
		r.pass(5 * time.Second)
	})
	got := decodeHeard(t, heard)
	for at, want := range map[float64]float64{1: 0, 2.3: -6, 3.5: -6, 4.4: 0, 6: 0} {
		if level := dB(got, at, 500); math.Abs(level-want) > 0.4 {
			t.Errorf("at %v s %.1f dB, want %v", at, level, want)
		}
	}
	clicks(t, heard, leap(samplesOf(tone(500, 0.1), 0, 4800)))
}

// TestSpeedMovesThePosition plays twice as fast.
func TestSpeedMovesThePosition(t *testing.T) {
	for _, packets := range []bool{false, true} {
		listen(t, func(r *rig, box *jukebox) {
			a, b := box.wave(chirpAt, 20*audio.SampleRate), box.wave(chirpAt, 4*audio.SampleRate)
			if packets {
				a = box.disc(press(t, chirpAt, 20*audio.SampleRate))
			}
			fast := dsp.Settings{Timescale: dsp.Timescale{Speed: 2}}
			r.play(a, b)
			r.pass(2 * time.Second)
			r.do(player.Filters{Settings: fast})
			at := r.status().Position
			last := at
			for range 100 {
				r.pass(40 * time.Millisecond)
				now := r.status().Position
				if now < last || now > last+150*time.Millisecond {
					t.Fatalf("the position goes from %v to %v", last, now)
				}
				last = now
			}
			if got := last - at; got < 7400*time.Millisecond || got > 8100*time.Millisecond {
				t.Errorf("4 s later it is %v later", got)
			}
			if s := r.status(); math.Abs(s.Speed-2) > 0.01 {
				t.Errorf("speed %v", s.Speed)
			}
			r.pass(6 * time.Second)
			if s := r.status(); s.Track.Title != b.Title {
				t.Errorf("plays %q at %v", s.Track.Title, s.Position)
			}
			r.do(player.Filters{})
			r.pass(5 * time.Second)
			r.expectEnds(2)
		})
	}
}

// TestEchoesRingOut ends the queue with an echo on.
func TestEchoesRingOut(t *testing.T) {
	echo := dsp.Settings{}
	echo.Echo.Delay, echo.Echo.Decay, echo.Echo.Mix = 0.3, 0.5, 0.5
	heard := listen(t, func(r *rig, box *jukebox) {
		r.do(player.Filters{Settings: echo})
		r.play(box.wave(tone(500, 0.3), 2*audio.SampleRate))
		r.pass(2100 * time.Millisecond)
		if s := r.status(); s.State != player.StateIdle {
			t.Errorf("%v", s.State)
		}
		r.pass(20 * time.Second)
		r.expectEnds(1)
	})
	got := decodeHeard(t, heard)
	if n := len(got) / 2; n < 3*audio.SampleRate {
		t.Fatalf("%v heard", audio.SamplesDuration(int64(n)))
	}
	if a, b := dB(got, 2.05, 500), dB(got, 2.7, 500); a < -10 || b > a-3 {
		t.Errorf("%.1f dB, later %.1f dB", a, b)
	}
}

// tuned is a reader whose sound was prepared.
type tuned struct {
	audio.Reader
	settings dsp.Settings
}

func (p tuned) Prepared() dsp.Settings { return p.settings }

// TestPreparedSoundIsLeftAlone plays a live stream that comes with the filters applied,
// and is opened anew when others are wanted.
func TestPreparedSoundIsLeftAlone(t *testing.T) {
	half := dsp.Settings{ChannelMix: dsp.ChannelMix{On: true, LeftToLeft: 0.5, RightToRight: 0.5}}
	var opens atomic.Int64
	heard := listen(t, func(r *rig, _ *jukebox) {
		r.do(player.Filters{Settings: half})
		r.play(track.Track{URI: "live", Title: "live", Live: true})
		r.pass(2 * time.Second)
		r.do(player.Filters{})
		r.pass(2 * time.Second)
		r.do(player.Stop{})
	}, func(o *player.Options) {
		o.Opener = openerFunc(func(_ context.Context, _ track.Track, _ time.Duration, how player.How) (audio.Reader, error) {
			opens.Add(1)
			return tuned{&wave{sound: tone(500, 0.1), samples: 1 << 30}, how.Settings}, nil
		})
	})
	got := decodeHeard(t, heard)
	for _, at := range []float64{1, 3} {
		if level := dB(got, at, 500); math.Abs(level) > 0.3 {
			t.Errorf("at %v s %.1f dB", at, level)
		}
	}
	if n := opens.Load(); n != 2 {
		t.Errorf("opened %d times", n)
	}
}

type openerFunc func(context.Context, track.Track, time.Duration, player.How) (audio.Reader, error)

func (f openerFunc) Open(ctx context.Context, t track.Track, at time.Duration, how player.How) (audio.Reader, error) {
	return f(ctx, t, at, how)
}
