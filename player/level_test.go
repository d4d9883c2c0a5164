package player_test

import (
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/player"
	"busker/track"
)

// dB is the level of a tone in a stretch of pcm, against 0.1.
func dB(pcm []float32, at float64, hertz float64) float64 {
	from := int(at * audio.SampleRate)
	return 20 * math.Log10(share(pcm[2*from:2*(from+9600)], hertz)/0.1)
}

// TestKnownLoudness plays tracks that say how loud they are.
func TestKnownLoudness(t *testing.T) {
	for _, tt := range []struct {
		name string
		l    track.Loudness
		want float64 // dB
	}{
		{"loud", track.Loudness{LUFS: -8, Known: true}, -6},
		{"quiet", track.Loudness{LUFS: -22, Known: true}, 8},
		{"as it should be", track.Loudness{LUFS: -14, Known: true}, 0},
		{"quiet with peaks", track.Loudness{LUFS: -22, Peak: 0.5, Known: true}, 20*math.Log10(2) - 1},
		{"quiet with high peaks", track.Loudness{LUFS: -22, Peak: 1.1, Known: true}, 0},
		{"very quiet", track.Loudness{LUFS: -60, Known: true}, 12},
		{"nonsense", track.Loudness{LUFS: math.NaN(), Known: true}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			heard := listen(t, func(r *rig, box *jukebox) {
				r.do(player.Normalise{On: true})
				tr := box.wave(tone(500, 0.1), 3*audio.SampleRate)
				tr.Loudness = tt.l
				r.play(tr)
				r.pass(time.Second)
				if s := r.status(); !s.Normalise || math.Abs(s.Gain-tt.want) > 0.1 {
					t.Errorf("gain %v, want %.1f", s.Gain, tt.want)
				}
				r.pass(5 * time.Second)
			})
			got := decodeHeard(t, heard)
			for _, at := range []float64{0.1, 2} {
				if level := dB(got, at, 500); math.Abs(level-tt.want) > 0.5 {
					t.Errorf("at %v s %.1f dB, want %.1f", at, level, tt.want)
				}
			}
		})
	}
}

// TestUnknownLoudness plays a quiet track twice: first its level glides, then it is known.
func TestUnknownLoudness(t *testing.T) {
	heard := listen(t, func(r *rig, box *jukebox) {
		r.do(player.Normalise{On: true})
		tr := box.wave(tone(500, 0.1), 12*audio.SampleRate)
		tr.Loudness = track.Loudness{}
		r.play(tr, tr)
		r.pass(30 * time.Second)
		r.expectEnds(2)
	})
	got := decodeHeard(t, heard)
	// A tone of 0.1 on both sides is -20.6 LUFS.
	for _, tt := range []struct{ at, low, high float64 }{{0.1, -0.1, 0.1}, {6, 1.9, 3}, {11, 4, 5.6}, {12.2, 6.2, 7}, {23, 6.2, 7}} {
		if level := dB(got, tt.at, 500); level < tt.low || level > tt.high {
			t.Errorf("at %v s %.1f dB, want %v to %v", tt.at, level, tt.low, tt.high)
		}
	}
}

// TestNormaliseGlides switches normalisation on and off on a known track.
func TestNormaliseGlides(t *testing.T) {
	heard := listen(t, func(r *rig, box *jukebox) {
		d := press(t, tone(500, 0.1), 8*audio.SampleRate)
		tr := box.disc(d)
		tr.Loudness = track.Loudness{LUFS: -22, Known: true}
		r.play(tr)
		r.pass(2 * time.Second)
		r.do(player.Normalise{On: true})
		r.pass(3 * time.Second)
		r.do(player.Normalise{})
		r.pass(2 * time.Second)
		if s := r.status(); s.Mode != player.ModePassthrough || s.Gain != 0 {
			r.Errorf("%v, %v dB", s.Mode, s.Gain)
		}
		r.pass(5 * time.Second)
	})
	got := decodeHeard(t, heard)
	for at, want := range map[float64]float64{1: 0, 4: 8, 7: 0} {
		if level := dB(got, at, 500); math.Abs(level-want) > 0.3 {
			t.Errorf("at %v s %.1f dB, want %v", at, level, want)
		}
	}
	clicks(t, heard, 0.1*math.Pow(10, 0.4)*2*math.Pi*500/audio.SampleRate)
}

// TestWhatIsTurnedUpStaysBelowFullScale plays music at full scale twice as loud.
func TestWhatIsTurnedUpStaysBelowFullScale(t *testing.T) {
	loud := func(n int) (l, r float32) { l, r = chirpAt(n); return l * 1.8, r * 1.8 }
	heard := listen(t, func(r *rig, box *jukebox) {
		r.play(box.disc(press(t, loud, 8*audio.SampleRate)))
		r.pass(2 * time.Second)
		r.do(player.Volume{Percent: 200})
		r.pass(3 * time.Second)
		r.do(player.Volume{Percent: 100})
		r.pass(2 * time.Second)
		if s := r.status(); s.Mode != player.ModePassthrough {
			r.Errorf("mode %v", s.Mode)
		}
		r.pass(5 * time.Second)
	})
	got := decodeHeard(t, heard)
	peak := float32(0)
	for _, v := range got[2*3*audio.SampleRate : 2*5*audio.SampleRate] {
		peak = max(peak, v, -v)
	}
	if peak > 1.08 || peak < 0.8 { // the codec adds to what the limiter left
		t.Errorf("peak %.2f", peak)
	}
}

// TestSoundThatIsNoNumber plays NaN and infinities; what comes after them is heard.
func TestSoundThatIsNoNumber(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	bad := func(n int) (float32, float32) {
		switch n / 4800 % 4 {
		case 1:
			return nan, inf
		case 3:
			return -inf, 1e38
		}
		return tone(500, 0.1)(n)
	}
	heard := listen(t, func(r *rig, box *jukebox) {
		r.do(player.Crossfade{Duration: time.Second})
		r.do(player.Normalise{On: true})
		tr := box.wave(bad, 3*audio.SampleRate)
		tr.Loudness = track.Loudness{}
		r.play(tr, box.wave(tone(500, 0.1), 5*audio.SampleRate))
		r.pass(time.Second)
		r.do(player.Volume{Percent: 150})
		r.pass(time.Second)
		r.do(player.Volume{Percent: 100})
		r.pass(10 * time.Second)
		r.expectEnds(2)
	})
	got := decodeHeard(t, heard)
	for i, v := range got {
		if v != v || v > 4 || v < -4 {
			t.Fatalf("sample %d is %v", i/2, v)
		}
	}
	if level := dB(got, 5.5, 500); math.Abs(level) > 0.5 {
		t.Errorf("after it %.1f dB", level)
	}
}

func TestFiltersRefuse(t *testing.T) {
	run(t, nil, func(r *rig) {
		bad := player.Filters{}
		bad.Settings.BassBoost = 1000
		r.refuse(bad, fault.Invalid)
	})
}
