package stretch_test

import (
	"math/rand/v2"
	"testing"

	"busker/audio"
	"busker/dsp/stretch"
)

// One op is 20 ms of stereo input.
func BenchmarkStretcher(b *testing.B) {
	for _, bb := range []struct {
		name               string
		tempo, pitch, rate float64
	}{
		{"neutral", 1, 1, 1},
		{"tempo1.25", 1.25, 1, 1},
		{"tempo0.8", 0.8, 1, 1},
		{"pitch1.2", 1, 1.2, 1},
		{"rate1.25", 1, 1, 1.25},
		{"rate0.8", 1, 1, 0.8},
		{"rate1.2345", 1, 1, 1.2345},
		{"rate4", 1, 1, 4},
	} {
		b.Run(bb.name, func(b *testing.B) {
			in := music(200)
			s := stretch.New()
			s.Set(bb.tempo, bb.pitch, bb.rate)
			var out audio.Block
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.Push(&in[i%len(in)])
				for s.Pull(&out) {
				}
				i++
			}
		})
	}
}

// music is something with bass, chords, beats and noise.
func music(blocks int) []audio.Block {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]audio.Block, blocks)
	for i := range blocks * audio.FrameSamples {
		t := float64(i) / audio.SampleRate
		beat := pulse(t, 0.5)
		l := 0.25*sine(55, t) + 0.1*sine(220, t) + 0.1*sine(277.18, t) + 0.1*sine(329.63, t+0.1) + 0.2*beat*r.NormFloat64()
		q := 0.25*sine(55, t) + 0.1*sine(440, t) + 0.08*sine(554.37, t) + 0.07*sine(1318.5, t) + 0.2*beat*r.NormFloat64()
		b := &out[i/audio.FrameSamples]
		b[2*(i%audio.FrameSamples)], b[2*(i%audio.FrameSamples)+1] = float32(l), float32(q)
	}
	return out
}
