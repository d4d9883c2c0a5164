package bench_test

import (
	"fmt"
	"testing"
	"time"

	"busker/audio"
	"busker/bench"
	"busker/dsp"
	"busker/dsp/limit"
	"busker/dsp/loudness"
	"busker/dsp/room"
	"busker/dsp/stretch"
)

// BenchmarkFilter is a chain with one filter on, as a guild has it: with what guards its
// input, and the limiter at its end. "alone-us" is the filter without these. The
// equalizer is that of the build: GOEXPERIMENT=simd has another.
func BenchmarkFilter(b *testing.B) { measure(b, filters()) }

func filters() (list []work) {
	for _, f := range []struct {
		name     string
		settings dsp.Settings
	}{
		{"none", dsp.Settings{}},
		{"volume", dsp.Settings{Volume: 0.8}},
		{"equalizer/bands=15", dsp.Settings{Equalizer: bands(15)}},
		{"equalizer/bands=5", dsp.Settings{Equalizer: bands(5)}},
		{"karaoke", dsp.Settings{Karaoke: dsp.Karaoke{Level: 1, MonoLevel: 1}}},
		{"timescale/speed=1.25", dsp.Settings{Timescale: dsp.Timescale{Speed: 1.25}}},
		{"timescale/pitch=1.25", dsp.Settings{Timescale: dsp.Timescale{Pitch: 1.25}}},
		{"timescale/rate=1.25", dsp.Settings{Timescale: dsp.Timescale{Rate: 1.25}}},
		{"tremolo", dsp.Settings{Tremolo: dsp.Oscillation{Frequency: 2, Depth: 0.5}}},
		{"vibrato", dsp.Settings{Vibrato: dsp.Oscillation{Frequency: 2, Depth: 0.5}}},
		{"distortion", dsp.Settings{Distortion: dsp.Distortion{On: true, SinScale: 1, CosScale: 1, TanScale: 1, Scale: 1}}},
		{"rotation", dsp.Settings{Rotation: 0.2}},
		{"channelMix", dsp.Settings{ChannelMix: dsp.ChannelMix{On: true, LeftToLeft: 0.5, LeftToRight: 0.5, RightToLeft: 0.5, RightToRight: 0.5}}},
		{"lowPass", dsp.Settings{LowPass: 20}},
		{"bassBoost", dsp.Settings{BassBoost: 12}},
		{"width", dsp.Settings{Width: 0.5}},
		{"compression", dsp.Settings{Compression: limit.Compression{Threshold: -20, Ratio: 3, Knee: 6, Attack: 5, Release: 100, Makeup: 4}}},
		{"echo", dsp.Settings{Echo: room.Echoing{Delay: 0.3, Decay: 0.4, Mix: 0.4, PingPong: true}}},
		{"reverb", dsp.Settings{Reverb: room.Reverberation{Mix: 0.3, Size: 0.7, Damping: 0.5, Width: 1}}},
	} {
		list = append(list, work{name: "filter=" + f.name, open: func(tb testing.TB) *job { return chainJob(tb, f.settings, true) }})
	}
	return list
}

// bands has so many bands on.
func bands(n int) (gains [dsp.Bands]float64) {
	for i := range n {
		gains[i] = 0.2 - 0.02*float64(i)
		if gains[i] == 0 {
			gains[i] = 0.01
		}
	}
	return gains
}

// BenchmarkPreset is a chain with a preset at full strength.
func BenchmarkPreset(b *testing.B) { measure(b, presets()) }

func presets() (list []work) {
	for _, p := range dsp.Presets() {
		list = append(list, work{name: "preset=" + p.Name, open: func(tb testing.TB) *job {
			s, err := dsp.Mix(dsp.Part{Preset: p.Name, Strength: 1})
			if err != nil {
				tb.Fatal(err)
			}
			return chainJob(tb, s, false)
		}})
	}
	return list
}

// chainJob makes frames of output, for which some filters take more or less than one of
// input.
func chainJob(tb testing.TB, s dsp.Settings, alone bool) *job {
	tb.Helper()
	if err := s.Check(); err != nil {
		tb.Fatal(err)
	}
	blocks := sound(tb)
	j := &job{frame: through(dsp.NewChain(s), blocks)}
	if alone && !s.Neutral() {
		j.report = func(b *testing.B, cpu time.Duration) {
			rest := quick(through(dsp.NewChain(dsp.Settings{Volume: 0.9}), blocks)) // the cheapest there is
			b.ReportMetric(float64(cpu.Nanoseconds())/1000/float64(b.N)-rest, "alone-us/frame")
		}
	}
	return j
}

// through gives blocks to a chain and takes a frame from it at every call.
func through(c *dsp.Chain, blocks []audio.Block) func(int) error {
	var out audio.Block
	pushed := 0
	return func(int) error {
		for !c.Pull(&out) {
			c.Push(&blocks[pushed%len(blocks)])
			pushed++
		}
		return nil
	}
}

// quick returns what a frame takes of a processor, in µs.
func quick(frame func(int) error) float64 {
	const frames = 2000
	for i := range frames / 10 {
		_ = frame(i) // of a chain: it can not fail
	}
	began := bench.CPU()
	for i := range frames {
		_ = frame(i)
	}
	return float64((bench.CPU() - began).Nanoseconds()) / 1000 / frames
}

// BenchmarkSound is what else is done to sound, each alone: resampling of what is not 48
// kHz, time-stretching, loudness, the limiter where it has nothing and where it has a lot
// to do, and the mix of a crossfade (two levels that glide, and their sum).
func BenchmarkSound(b *testing.B) { measure(b, soundSteps()) }

func soundSteps() []work {
	list := []work{
		{name: "step=gain", open: func(tb testing.TB) *job {
			g := dsp.NewGain(0.8)
			return inPlace(tb, 1, g.Process)
		}},
		{name: "step=crossfade", open: crossfade},
		{name: "step=loudness", open: func(tb testing.TB) *job {
			m := loudness.NewMeter()
			blocks := sound(tb)
			return &job{frame: func(i int) error { m.Add(&blocks[i%len(blocks)]); return nil }}
		}},
		{name: "step=limiter/gain=0.1", open: func(tb testing.TB) *job { return inPlace(tb, 0.1, limit.NewLimiter(-1).Process) }},
		{name: "step=limiter/gain=4", open: func(tb testing.TB) *job { return inPlace(tb, 4, limit.NewLimiter(-1).Process) }},
	}
	for _, rate := range []int{8000, 22050, 32000, 44100, 88200, 96000, 192000} {
		list = append(list, work{name: fmt.Sprintf("step=resample/from=%d", rate), open: func(tb testing.TB) *job { return resample(tb, rate) }})
	}
	for _, s := range []struct {
		name               string
		tempo, pitch, rate float64
	}{{"tempo", 1.25, 1, 1}, {"pitch", 1, 1.25, 1}, {"rate", 1, 1, 1.25}, {"slow", 0.8, 1, 1}, {"deep", 1, 0.8, 1}} {
		list = append(list, work{name: "step=stretch/kind=" + s.name, open: func(tb testing.TB) *job { return stretching(tb, s.tempo, s.pitch, s.rate) }})
	}
	return list
}

// inPlace copies a block, at a level, and has it processed.
func inPlace(tb testing.TB, level float32, process func(*audio.Block)) *job {
	tb.Helper()
	blocks := append([]audio.Block(nil), sound(tb)...)
	for i := range blocks {
		for k := range blocks[i] {
			blocks[i][k] *= level
		}
	}
	var x audio.Block
	return &job{frame: func(i int) error {
		x = blocks[i%len(blocks)]
		process(&x)
		return nil
	}}
}

func crossfade(tb testing.TB) *job {
	blocks := sound(tb)
	out, in := dsp.NewGain(1), dsp.NewGain(0)
	var a, b audio.Block
	return &job{frame: func(i int) error {
		share := float32(i%100) / 100 // another one every time: else there is no glide
		out.Set(1 - share)
		in.Set(share)
		a, b = blocks[i%len(blocks)], blocks[(i+len(blocks)/2)%len(blocks)]
		out.Process(&a)
		in.Process(&b)
		for k := range a {
			a[k] += b[k]
		}
		return nil
	}}
}

func resample(tb testing.TB, rate int) *job {
	tb.Helper()
	r, err := dsp.NewResampler(rate, audio.Channels)
	if err != nil {
		tb.Fatal(err)
	}
	var src []float32
	for _, b := range sound(tb)[:10] {
		src = append(src, b[:]...)
	}
	src = src[:rate/audio.FramesPerSecond*audio.Channels]
	var dst [2 * len(audio.Block{})]float32 // a frame and what rounding adds
	return &job{frame: func(int) error { r.Process(dst[:], src); return nil }}
}

func stretching(tb testing.TB, tempo, pitch, rate float64) *job {
	s, blocks := stretch.New(), sound(tb)
	s.Set(tempo, pitch, rate)
	var out audio.Block
	pushed := 0
	return &job{frame: func(int) error {
		for !s.Pull(&out) {
			s.Push(&blocks[pushed%len(blocks)])
			pushed++
		}
		return nil
	}}
}
