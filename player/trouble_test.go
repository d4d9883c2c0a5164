package player_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/player"
)

// broken is a reader that fails after some of another.
type broken struct {
	audio.Reader
	left int
}

func (b *broken) ReadBlock(to *audio.Block) error {
	if b.left--; b.left < 0 {
		return errors.New("connection reset")
	}
	return b.Reader.ReadBlock(to)
}

// TestFadesThatDoNotGoWell fade into tracks that end too soon, come too late or not at all.
func TestFadesThatDoNotGoWell(t *testing.T) {
	const seconds = 5
	low, high := tone(440, 0.4), tone(1250, 0.4)
	full := func(time.Duration) audio.Reader { return &wave{sound: high, samples: seconds * audio.SampleRate} }
	for _, tt := range []struct {
		name  string
		open  func(time.Duration) audio.Reader
		late  time.Duration // that open takes
		last  float64       // of the first track at the end of its 5 s, as a share
		fails bool
	}{
		{name: "shorter than the fade", open: func(time.Duration) audio.Reader {
			return &wave{sound: high, samples: audio.SampleRate}
		}},
		{name: "slow to open", open: full, late: 4200 * time.Millisecond},
		{name: "slower still", open: full, late: 8 * time.Second, last: 1},
		{name: "breaks off in the fade", open: func(time.Duration) audio.Reader {
			return &broken{full(0), 40}
		}, fails: true},
		{name: "does not begin", open: func(time.Duration) audio.Reader { return &broken{full(0), 0} }, last: 1, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			heard := listen(t, func(r *rig, box *jukebox) {
				r.do(player.Crossfade{Duration: 2 * time.Second})
				a := box.wave(low, seconds*audio.SampleRate)
				b := box.put(0, func(at time.Duration) audio.Reader {
					if tt.late > 0 {
						<-time.After(tt.late)
					}
					return tt.open(at)
				})
				c := box.wave(tone(700, 0.4), seconds*audio.SampleRate)
				r.play(a, b, c)
				r.pass(25 * time.Second)
				failures, ended := 0, 0
				for _, e := range r.happened() {
					switch {
					case strings.HasPrefix(e, "failed "+b.Title+" "):
						failures++
					case e == "finished "+a.Title || e == "finished "+c.Title:
						ended++
					}
				}
				if ended != 2 || failures > 1 || failures == 1 != tt.fails {
					t.Errorf("%d ended, %d failed", ended, failures)
				}
			})
			got := decodeHeard(t, heard)
			at := int(4.8 * audio.SampleRate)
			if a := share(got[2*at:2*(at+4800)], 440) / 0.4; a < tt.last-0.6 || a > tt.last+0.4 {
				t.Errorf("at 4.8 s %.2f of the first", a)
			}
			for from := 0; from+4800 < at; from += 4800 {
				if p := power(got[2*from : 2*(from+4800)]); p < 10 {
					t.Errorf("silence at %v", audio.SamplesDuration(int64(from)))
				}
			}
			clicks(t, heard, leap(samplesOf(high, 0, audio.SampleRate))*1.3)
		})
	}
}

// TestFiltersAtTheEnd changes the filters when a track is nearly over, or all of it made.
func TestFiltersAtTheEnd(t *testing.T) {
	echo := dsp.Settings{}
	echo.Echo.Delay, echo.Echo.Decay, echo.Echo.Mix = 0.3, 0.5, 0.5
	fast := dsp.Settings{Timescale: dsp.Timescale{Speed: 2}}
	moments := []int{900, 400, 240, 170, 90, 30} // ms before the end
	if raceEnabled {
		moments = moments[3:4]
	}
	for name, settings := range map[string]dsp.Settings{"halved": halved, "echo": echo, "fast": fast} {
		for _, next := range []bool{false, true} {
			for _, packets := range []bool{false, true} {
				for _, before := range moments {
					heard := listen(t, func(r *rig, box *jukebox) {
						d := press(t, tone(500, 0.1), 2*audio.SampleRate)
						put := func() {
							if packets {
								r.play(box.disc(d))
							} else {
								r.play(box.wave(tone(500, 0.1), 2*audio.SampleRate))
							}
						}
						put()
						want := 1
						if next {
							put()
							want = 2
						}
						r.pass(2*time.Second - time.Duration(before)*time.Millisecond)
						r.do(player.Filters{Settings: settings})
						r.pass(150 * time.Millisecond)
						r.do(player.Filters{})
						r.pass(50 * time.Millisecond)
						r.do(player.Filters{Settings: settings})
						r.pass(10 * time.Second)
						r.expectEnds(want)
					})
					got := decodeHeard(t, heard)
					if n := len(got) / 2; n < 2*audio.SampleRate-before*24-2000 {
						t.Errorf("%s %v %v %v: %v heard", name, next, packets, before, audio.SamplesDuration(int64(n)))
					}
					for i := range got {
						if v := float64(got[i]); math.IsNaN(v) || math.Abs(v) > 0.4 {
							t.Fatalf("%s %v %v %v: %v", name, next, packets, before, v)
						}
					}
				}
			}
		}
	}
}
