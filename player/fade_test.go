package player_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/player"
	"busker/track"
)

func root(v float64) float64 { return math.Sqrt(v) }

// tone is a sine of so many hertz, left and right alike.
func tone(hertz, level float64) signal {
	return func(n int) (left, right float32) {
		v := float32(level * math.Sin(2*math.Pi*hertz*float64(n)/audio.SampleRate))
		return v, v
	}
}

// share is how much of a tone there is in pcm, as a level.
func share(pcm []float32, hertz float64) float64 {
	var re, im float64
	n := len(pcm) / 2
	for i := range n {
		s, c := math.Sincos(2 * math.Pi * hertz * float64(i) / audio.SampleRate)
		re += float64(pcm[2*i]) * c
		im += float64(pcm[2*i]) * s
	}
	return 2 * root(re*re+im*im) / float64(n)
}

// TestTracksFadeIntoEachOther plays two tones and measures each while one goes and the
// other comes.
func TestTracksFadeIntoEachOther(t *testing.T) {
	const seconds = 8
	for _, packets := range []bool{false, true} {
		t.Run(fmt.Sprintf("packets %v", packets), func(t *testing.T) {
			low, high := tone(440, 0.4), tone(1250, 0.4)
			one, two := press(t, low, seconds*audio.SampleRate), press(t, high, seconds*audio.SampleRate)
			heard := listen(t, func(r *rig, box *jukebox) {
				a, b := box.disc(one), box.disc(two)
				if !packets {
					a, b = box.wave(low, seconds*audio.SampleRate), box.wave(high, seconds*audio.SampleRate)
				}
				r.do(player.Crossfade{Duration: 2 * time.Second})
				r.play(a, b)
				r.pass(7 * time.Second)
				if s := r.status(); s.Crossfade != 2*time.Second || s.Track.Title != a.Title || s.Mode != player.ModeEncoding {
					t.Errorf("in the fade: %v, %q, %v", s.Crossfade, s.Track.Title, s.Mode)
				}
				r.pass(2 * time.Second)
				if s := r.status(); s.Track.Title != b.Title || s.Position < 2900*time.Millisecond || s.Position > 3100*time.Millisecond {
					t.Errorf("after the fade: %q at %v", s.Track.Title, s.Position)
				}
				r.pass(10 * time.Second)
				r.expectEnds(2)
			})
			got := decodeHeard(t, heard)
			if n := len(got) / 2; n < 14*audio.SampleRate || n > 14*audio.SampleRate+4*audio.FrameSamples {
				t.Errorf("%v heard", audio.SamplesDuration(int64(n)))
			}
			for at, want := range map[float64][2]float64{
				5.5: {1, 0}, 6.5: {math.Cos(math.Pi / 8), math.Sin(math.Pi / 8)}, 7: {math.Sqrt2 / 2, math.Sqrt2 / 2},
				7.5: {math.Cos(3 * math.Pi / 8), math.Sin(3 * math.Pi / 8)}, 8.5: {0, 1},
			} {
				from := int(at*audio.SampleRate) - 2400
				part := got[2*from : 2*(from+4800)]
				a, b := share(part, 440)/0.4, share(part, 1250)/0.4
				if math.Abs(a-want[0]) > 0.05 || math.Abs(b-want[1]) > 0.05 {
					t.Errorf("at %v s: %.2f and %.2f, want %.2f and %.2f", at, a, b, want[0], want[1])
				}
			}
			clicks(t, heard, leap(samplesOf(high, 0, audio.SampleRate))*1.2)
		})
	}
}

func TestWhatDoesNotFade(t *testing.T) {
	const wanted = 4 * time.Second
	long := track.Track{Length: time.Minute, Album: "one", Artist: "somebody"}
	for _, tt := range []struct {
		name     string
		from, to track.Track
		want     time.Duration
	}{
		{"two tracks", long, track.Track{Length: time.Minute, Album: "two"}, wanted},
		{"one album", long, long, 0},
		{"albums of one name", long, track.Track{Length: time.Minute, Album: "one", Artist: "else"}, wanted},
		{"no album", track.Track{Length: time.Minute}, track.Track{Length: time.Minute}, wanted},
		{"live", long, track.Track{Live: true}, 0},
		{"out of live", track.Track{Live: true}, long, 0},
		{"into a short one", long, track.Track{Length: 6 * time.Second}, 3 * time.Second},
		{"out of a short one", track.Track{Length: 2 * time.Second}, long, time.Second},
		{"of unknown length", long, track.Track{}, wanted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := player.FadeBetween(tt.from, tt.to, wanted); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// TestAFadeMayLoseItsEnd changes what is next while one track fades into it.
func TestAFadeMayLoseItsEnd(t *testing.T) {
	low, high, other := tone(440, 0.4), tone(1250, 0.4), tone(700, 0.4)
	heard := listen(t, func(r *rig, box *jukebox) {
		r.do(player.Crossfade{Duration: 3 * time.Second})
		r.play(box.wave(low, 8*audio.SampleRate), box.wave(high, 8*audio.SampleRate), box.wave(other, 8*audio.SampleRate))
		r.pass(6 * time.Second)
		r.do(player.Remove{Index: 0})
		r.pass(20 * time.Second)
		r.expectEnds(2)
	})
	got := decodeHeard(t, heard)
	part := func(at float64) []float32 {
		from := int(at * audio.SampleRate)
		return got[2*from : 2*(from+4800)]
	}
	if a, b := share(part(5.8), 440), share(part(5.8), 1250); a < 0.1 || b < 0.1 {
		t.Errorf("at 5.8 s %.2f and %.2f", a, b)
	}
	if a, b, c := share(part(9), 440), share(part(9), 1250), share(part(9), 700); a > 0.01 || b > 0.01 || c < 0.38 {
		t.Errorf("at 9 s %.2f, %.2f and %.2f", a, b, c)
	}
	clicks(t, heard, leap(samplesOf(high, 0, audio.SampleRate))*1.5)
}

func TestCrossfadeRefuses(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.refuse(player.Crossfade{Duration: -1}, fault.Invalid)
		r.refuse(player.Crossfade{Duration: player.MaxCrossfade + 1}, fault.Invalid)
		r.do(player.Crossfade{Duration: player.MaxCrossfade})
	})
}
