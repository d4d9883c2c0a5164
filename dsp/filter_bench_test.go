package dsp_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"busker/audio"
	"busker/dsp"
)

// flat15 has every band on.
func flat15(gain float64) (g [dsp.Bands]float64) {
	for i := range g {
		g[i] = gain
	}
	return g
}

// bass5 has five bands on.
var bass5 = [dsp.Bands]float64{0.2, 0.18, 0.15, 0.1, 0.05}

// noise fills blocks with noise of an amplitude.
func noise(n int, amplitude float32) []audio.Block {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([]audio.Block, n)
	for i := range list {
		for j := range list[i] {
			list[i][j] = amplitude * (2*r.Float32() - 1)
		}
	}
	return list
}

// filters are all of ours, as they are most used.
var filters = []struct {
	name string
	make func() dsp.Filter
}{
	{"equalizer15", func() dsp.Filter { return dsp.NewEqualizer(flat15(0.1)) }},
	{"equalizer5", func() dsp.Filter { return dsp.NewEqualizer(bass5) }},
	{"karaoke", func() dsp.Filter { return dsp.NewKaraoke(dsp.Karaoke{Level: 1, MonoLevel: 1}) }},
	{"tremolo", func() dsp.Filter { return dsp.NewTremolo(dsp.Oscillation{Frequency: 4, Depth: 0.7}) }},
	{"vibrato", func() dsp.Filter { return dsp.NewVibrato(dsp.Oscillation{Frequency: 5, Depth: 0.7}) }},
	{"distortion", func() dsp.Filter {
		return dsp.NewDistortion(dsp.Distortion{On: true, SinScale: 1, CosScale: 1, TanScale: 1, Scale: 1})
	}},
	{"drive", func() dsp.Filter {
		return dsp.NewDistortion(dsp.Distortion{On: true, SinScale: 1.2, TanOffset: 1, Scale: 1 / math.Sin(1.2)})
	}},
	{"rotation", func() dsp.Filter { return dsp.NewRotation(dsp.Oscillation{Frequency: 0.2, Depth: 1}) }},
	{"channelMix", func() dsp.Filter {
		return dsp.NewChannelMix(dsp.ChannelMix{On: true, LeftToLeft: 0.8, RightToLeft: 0.2, LeftToRight: 0.3, RightToRight: 0.7})
	}},
	{"lowPass", func() dsp.Filter { return dsp.NewLowPass(20) }},
	{"bassBoost", func() dsp.Filter { return dsp.NewBassBoost(12) }},
	{"width", func() dsp.Filter { return dsp.NewWidth(0.5) }},
}

// One op is 20 ms of stereo.
func BenchmarkFilter(b *testing.B) {
	for _, f := range filters {
		b.Run(f.name, func(b *testing.B) { benchFilter(b, f.make()) })
	}
	b.Run("equalizer15plain", func(b *testing.B) { benchFilter(b, dsp.NewPlainEqualizer(flat15(0.1))) })
}

func benchFilter(b *testing.B, f dsp.Filter) {
	in := noise(8, 0.5)
	var x audio.Block
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		x = in[i%len(in)]
		f.Process(&x)
	}
}

// Silence after music must cost no more than music.
func BenchmarkSilenceAfterMusic(b *testing.B) {
	for _, f := range filters {
		b.Run(f.name, func(b *testing.B) {
			fresh := f.make()
			for _, x := range noise(8, 0.5) {
				fresh.Process(&x)
			}
			var x audio.Block
			b.ReportAllocs()
			for b.Loop() {
				x = audio.Block{}
				fresh.Process(&x)
			}
		})
	}
}

// One op is one Push with what it gives to Pull.
func BenchmarkChain(b *testing.B) {
	b.Run("idle", func(b *testing.B) { benchChain(b, dsp.Settings{}) })
	b.Run("volume", func(b *testing.B) { benchChain(b, dsp.Settings{Volume: 0.8}) })
	b.Run("equalizer15", func(b *testing.B) { benchChain(b, dsp.Settings{Equalizer: flat15(0.1)}) })
}

func BenchmarkPreset(b *testing.B) {
	for _, p := range dsp.Presets() {
		s, err := dsp.Mix(dsp.Part{Preset: p.Name, Strength: 1})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(p.Name, func(b *testing.B) { benchChain(b, s) })
	}
}

func benchChain(b *testing.B, s dsp.Settings) {
	in := noise(8, 0.3)
	c := dsp.NewChain(s)
	var out audio.Block
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Push(&in[i%len(in)])
		for c.Pull(&out) {
		}
	}
}
