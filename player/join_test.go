package player_test

import (
	"testing"
	"time"

	"busker/audio"
	"busker/player"
)

// later is a sound from one of its samples on.
func later(s signal, from int) signal {
	return func(n int) (left, right float32) { return s(n + from) }
}

// TestTracksJoinAtTheSample cuts one sound in two, in the middle of a frame, and plays
// the halves one after the other, as packets or as PCM. What is heard across the cut is
// the whole.
func TestTracksJoinAtTheSample(t *testing.T) {
	const cut, samples = 100*audio.FrameSamples + 417, 250 * audio.FrameSamples
	for _, tt := range []struct {
		name    string
		a, b    bool // packets
		command player.Command
	}{
		{"packets", true, true, nil},
		{"PCM", false, false, nil},
		{"packets, then PCM", true, false, nil},
		{"PCM, then packets", false, true, nil},
		{"packets that are made", true, true, player.Normalise{On: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			one, two := press(t, chirpAt, cut), press(t, later(chirpAt, cut), samples-cut)
			heard := listen(t, func(r *rig, box *jukebox) {
				a, b := box.disc(one), box.disc(two)
				if !tt.a {
					a = box.wave(chirpAt, cut)
				}
				if !tt.b {
					b = box.wave(later(chirpAt, cut), samples-cut)
				}
				if tt.command != nil {
					r.do(tt.command)
				}
				r.play(a, b)
				r.pass(10 * time.Second)
				r.expectEnds(2)
			})
			got := decodeHeard(t, heard)
			const around = 4 * audio.FrameSamples
			worst := 0.0
			for from := cut - around; from < cut+around; from += audio.FrameSamples / 2 {
				want := samplesOf(chirpAt, from, audio.FrameSamples)
				worst = max(worst, 1-likeness(got[2*(from+lookahead):], want))
			}
			t.Logf("%d and %d packets passed on; worst likeness at the cut: %.4f", one.count(heard), two.count(heard), 1-worst)
			if worst > 0.08 {
				t.Errorf("likeness %.4f at the cut", 1-worst)
			}
			if tt.command == nil && (tt.a && one.count(heard) < 96 || tt.b && two.count(heard) < 90) {
				t.Errorf("%d and %d packets passed on", one.count(heard), two.count(heard))
			}
			clicks(t, heard, leap(samplesOf(chirpAt, 0, samples)))
			if extra := len(got)/2 - samples; extra < 0 || extra > 3*audio.FrameSamples {
				t.Errorf("%d samples more than there were", extra)
			}
		})
	}
}

// samplesOf returns n samples of a sound, left and right.
func samplesOf(s signal, from, n int) []float32 {
	pcm := make([]float32, 0, 2*n)
	for i := range n {
		l, r := s(from + i)
		pcm = append(pcm, l, r)
	}
	return pcm
}

// likeness is the correlation of a with b, over the length of b.
func likeness(a, b []float32) float64 {
	var xy, xx, yy float64
	for i, y := range b {
		x := a[i]
		xy += float64(x * y)
		xx += float64(x * x)
		yy += float64(y * y)
	}
	return xy / max(1e-9, root(xx*yy))
}

// expectEnds checks that so many tracks began and ended by themselves, one after the other.
func (r *rig) expectEnds(tracks int) {
	r.Helper()
	started, finished := 0, 0
	for _, e := range r.happened() {
		switch {
		case len(e) > 8 && e[:8] == "started ":
			started++
		case len(e) > 9 && e[:9] == "finished ":
			finished++
		case len(e) > 6 && e[:6] == "failed":
			r.Error(e)
		}
		if finished > started || started > finished+1 {
			r.Errorf("%d started, %d finished", started, finished)
		}
	}
	if started != tracks || finished != tracks {
		r.Errorf("%d started, %d finished, want %d", started, finished, tracks)
	}
}
