package dsp_test

import (
	"math"
	"testing"

	"busker/audio"
	"busker/dsp"
	"busker/dsp/loudness"
	"busker/dsp/room"
)

// player feeds a chain with a signal and keeps what comes out.
type player struct {
	chain *dsp.Chain
	at    int // frames in
	sound func(n int) (l, r float64)
	out   []float32
}

// sine is a tone on both sides, the right one softer.
func sine(hertz, amplitude float64) func(n int) (l, r float64) {
	return func(n int) (l, r float64) {
		x := amplitude * math.Sin(2*math.Pi*hertz*float64(n)/audio.SampleRate)
		return x, 0.8 * x
	}
}

func (p *player) block() (b audio.Block) {
	for i := range audio.FrameSamples {
		l, r := p.sound(p.at*audio.FrameSamples + i)
		b[2*i], b[2*i+1] = float32(l), float32(r)
	}
	p.at++
	return b
}

// play pushes frames and returns what they made.
func (p *player) play(frames int) []float32 {
	from := len(p.out)
	for range frames {
		in := p.block()
		p.chain.Push(&in)
		var b audio.Block
		for p.chain.Pull(&b) {
			p.out = append(p.out, b[:]...)
		}
	}
	return p.out[from:]
}

// bend is the greatest second difference: steps and kinks stand out in it, tones do not.
func bend(x []float32) (worst float64) {
	for i := 4; i < len(x); i++ {
		worst = max(worst, math.Abs(float64(x[i]-2*x[i-2]+x[i-4])))
	}
	return worst
}

func peak(x []float32) (most float64) {
	for _, v := range x {
		most = max(most, math.Abs(float64(v)))
	}
	return most
}

func truePeak(x []float32) float64 {
	m := loudness.NewMeter()
	for ; len(x) > 0; x = x[len(audio.Block{}):] {
		m.Add((*audio.Block)(x))
	}
	return m.TruePeak()
}

func TestNeutralChainPassesBits(t *testing.T) {
	c := dsp.NewChain(dsp.Settings{})
	for _, in := range noise(20, 1.5) {
		c.Push(&in)
		if c.Delay() != 1 {
			t.Fatalf("delay %v", c.Delay())
		}
		var out, none audio.Block
		if !c.Pull(&out) || out != in || c.Pull(&none) || !c.Idle() || c.Speed() != 1 || c.Delay() != 0 {
			t.Fatal("not passed on as it was")
		}
	}
	var b audio.Block
	if c.Drain(&b) {
		t.Error("there is something to drain")
	}
}

func TestOnePushIsOnePull(t *testing.T) {
	s := everything()
	s.Timescale = dsp.Timescale{}
	c := dsp.NewChain(s)
	for i, in := range noise(30, 0.5) {
		if i%4 == 3 {
			s.Rotation++
			c.Set(s)
		}
		c.Push(&in)
		var out audio.Block
		if !c.Pull(&out) || c.Pull(&out) {
			t.Fatalf("frame %d is not one frame", i)
		}
	}
}

// A tone shows every click: no switch of any preset may bend the waveform more than the
// preset itself does while nothing changes.
func TestSwitchingDoesNotClick(t *testing.T) {
	for name, s := range sounds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &player{chain: dsp.NewChain(dsp.Settings{}), sound: sine(333, 0.3)}
			steady := bend(p.play(5))
			p.chain.Set(s)
			on := p.play(40)
			steady = max(steady, bend(p.play(120)))
			p.chain.Set(dsp.Settings{})
			off := p.play(60)
			p.chain.Set(s)
			again := p.play(40)
			for what, x := range map[string][]float32{"on": on, "off": off, "again": again} {
				if got := bend(x); got > 1.3*steady+2e-3 {
					t.Errorf("%s: bends by %.4f, steady by %.4f", what, got, steady)
				}
			}
			if got := bend(p.out); got > 1.3*steady+2e-3 {
				t.Errorf("at a seam: bends by %.4f, steady by %.4f", got, steady)
			}
		})
	}
}

// sounds are the presets, every filter and all at once; under the race detector a few
// of the presets, which together with everything have all the code.
func sounds(t testing.TB) map[string]dsp.Settings {
	list := map[string]dsp.Settings{"everything": everything()}
	for i, p := range dsp.Presets() {
		if racing && i%8 != 0 {
			continue
		}
		list[p.Name] = mix(t, dsp.Part{Preset: p.Name, Strength: 1})
	}
	return list
}

// From one sound to any other, with the parameters of all filters on the move.
func TestGlidesDoNotClick(t *testing.T) {
	a := everything()
	a.Distortion, a.Timescale = dsp.Distortion{}, dsp.Timescale{}
	b := a
	b.Volume, b.Karaoke.Band, b.Karaoke.Level = 1.5, 90, 0.1
	b.Equalizer = [dsp.Bands]float64{0, 0.5, 0, -0.25, 0.3, 0, 0.1, 0.2, 0.1, 0, 0, 0, 0, 0.5, 1}
	b.Tremolo, b.Vibrato = dsp.Oscillation{Frequency: 1, Depth: 1}, dsp.Oscillation{Frequency: 9, Depth: 0.1}
	b.ChannelMix.LeftToLeft, b.ChannelMix.RightToRight, b.LowPass, b.Width, b.BassBoost = 0.2, 0.1, 20, -1, 18
	b.Compression.Threshold, b.Compression.Makeup = -40, 12
	b.Echo.Delay, b.Echo.Mix, b.Reverb.Mix, b.Reverb.PreDelay, b.Reverb.Size = 0.1, 0.6, 0.1, 100, 0.2
	p := &player{chain: dsp.NewChain(a), sound: sine(200, 0.2)}
	p.play(100)
	steady := bend(p.play(20))
	p.chain.Set(b)
	there := p.play(100)
	steady = max(steady, bend(p.play(20)))
	p.chain.Set(a)
	back := p.play(100)
	if got := max(bend(there), bend(back)); got > 1.3*steady+2e-3 {
		t.Errorf("bends by %.4f, steady by %.4f", got, steady)
	}
	for range 20 { // a slider dragged
		a.Volume += 0.05
		a.BassBoost -= 0.25
		p.chain.Set(a)
		p.play(1)
	}
	if got := bend(p.out); got > 1.3*steady+2e-3 {
		t.Errorf("dragged: bends by %.4f, steady by %.4f", got, steady)
	}
}

// The way out of Idle and back moves the sound by the limiter's look-ahead, without a
// step and without a hole: its level stays.
func TestIdleAndBack(t *testing.T) {
	for _, hertz := range []float64{50, 120, 333, 1000, 2400} {
		p := &player{chain: dsp.NewChain(dsp.Settings{}), sound: sine(hertz, 0.3)}
		p.play(10)
		p.chain.Set(dsp.Settings{Width: 0.01})
		if p.chain.Idle() {
			t.Fatal("idle with a filter on")
		}
		p.play(20)
		if d := p.chain.Delay(); d <= 0 || d > 0.5 {
			t.Errorf("delay %v frames", d)
		}
		p.chain.Set(dsp.Settings{})
		for n := 0; !p.chain.Idle(); n++ {
			if p.play(1); n > 60 {
				t.Fatal("never idle again")
			}
		}
		in := p.block()
		p.at--
		if out := p.play(1); audio.Block(out) != in {
			t.Errorf("%v Hz: not passed on as it is", hertz)
		}
		if got, want := bend(p.out), 1.5*bend(p.out[:5000])+2e-3; got > want {
			t.Errorf("%v Hz: bends by %.4f, at most %.4f", hertz, got, want)
		}
	}
}

// Where the delayed sound is unlike the direct one the crossing keeps the power.
func TestIdleKeepsTheLevelOfNoise(t *testing.T) {
	c := dsp.NewChain(dsp.Settings{})
	var levels []float64
	for i, in := range noise(100, 0.5) {
		switch i {
		case 10:
			c.Set(dsp.Settings{Width: 0.001})
		case 30:
			c.Set(dsp.Settings{})
		}
		var b audio.Block
		c.Push(&in)
		c.Pull(&b)
		for k := 0; k < len(b); k += 480 {
			sum := 0.0
			for _, v := range b[k : k+480] {
				sum += float64(v) * float64(v)
			}
			levels = append(levels, 10*math.Log10(sum/480/(0.25/3)))
		}
	}
	for i, l := range levels {
		if math.Abs(l) > 1.2 {
			t.Errorf("level %d is off by %.1f dB", i, l)
		}
	}
	if !c.Idle() {
		t.Error("not idle")
	}
}

func TestNothingIsLouderThanTheCeiling(t *testing.T) {
	for name, s := range sounds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dsp.NewChain(s)
			var out []float32
			for _, in := range noise(100, 1) {
				c.Push(&in)
				var b audio.Block
				for c.Pull(&b) {
					out = append(out, b[:]...)
				}
			}
			if got := 20 * math.Log10(truePeak(out)); got > -0.9 || math.IsNaN(got) {
				t.Errorf("%.2f dBTP", got)
			}
		})
	}
	// Also while it comes on.
	p := &player{chain: dsp.NewChain(dsp.Settings{}), sound: sine(100, 0.8)}
	p.play(3)
	p.chain.Set(dsp.Settings{Volume: 5})
	if got := peak(p.play(20)); got > 0.9 {
		t.Errorf("coming on: %v", got)
	}
}

func TestTailsRingOut(t *testing.T) {
	for name, s := range map[string]dsp.Settings{
		"echo":   {Echo: room.Echoing{Delay: 0.4, Decay: 0.5, Mix: 0.5}},
		"reverb": {Reverb: room.Reverberation{Mix: 0.5, Size: 0.8, Damping: 0.3, Width: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			burst := func(n int) (l, r float64) { // 400 ms that begin and end softly
				frame := float64(n) / float64(audio.FrameSamples)
				fade := min(frame, max(0, 20-frame), 1)
				return sine(500, 0.4*fade)(n)
			}
			p := &player{chain: dsp.NewChain(s), sound: burst}
			p.play(20)
			p.chain.Set(dsp.Settings{})
			p.play(1)
			if got := peak(p.play(25)); got < 0.01 {
				t.Errorf("the tail is cut: %v", got)
			}
			for n := 0; !p.chain.Idle(); n++ {
				if p.play(1); n > 2000 {
					t.Fatal("rings for ever")
				}
			}
			if got := bend(p.out); got > 0.01 {
				t.Errorf("bends by %v", got)
			}

			p = &player{chain: dsp.NewChain(s), sound: burst}
			p.play(20)
			var tail []float32
			var b audio.Block
			for p.chain.Drain(&b) {
				if tail = append(tail, b[:]...); len(tail) > 2000*len(b) {
					t.Fatal("drains for ever")
				}
			}
			if len(tail) < 20*len(b) || peak(tail[len(b):25*len(b)]) < 0.01 || peak(tail[len(tail)-len(b):]) > 0.002 {
				t.Errorf("drained %d frames, last at %v", len(tail)/len(b), peak(tail[len(tail)-len(b):]))
			}
		})
	}
}

// Nothing of the sound is lost: what is pushed comes out whole.
func TestDrainGivesTheRest(t *testing.T) {
	for name, s := range map[string]dsp.Settings{
		"width":   {Width: 0.2},
		"volume":  {Volume: 0.5},
		"slow":    {Timescale: dsp.Timescale{Speed: 0.5}},
		"rate":    {Timescale: dsp.Timescale{Rate: 1.25}, Tremolo: dsp.Oscillation{Frequency: 1, Depth: 0.1}},
		"pitched": {Timescale: dsp.Timescale{Pitch: 1.3}},
	} {
		p := &player{chain: dsp.NewChain(s), sound: sine(441, 0.3)}
		p.play(100)
		out := len(p.out)
		want := float64(p.at) - p.chain.Delay()
		if got := float64(out) / 1920 * p.chain.Speed(); math.Abs(got-want) > 0.6 {
			t.Errorf("%s: %v frames are heard, and %v by the delay", name, got, want)
		}
		var b audio.Block
		for p.chain.Drain(&b) {
			p.out = append(p.out, b[:]...)
		}
		end := len(p.out)
		for end > 0 && math.Abs(float64(p.out[end-1])) < 1e-3 {
			end--
		}
		if got := float64(end) / 1920 * p.chain.Speed(); math.Abs(got-100) > 0.7 {
			t.Errorf("%s: %v frames of 100 came out", name, got)
		}
	}
}

func TestResetForgets(t *testing.T) {
	for name, s := range sounds(t) {
		fresh, used := dsp.NewChain(s), dsp.NewChain(dsp.Settings{})
		for _, in := range noise(10, 0.5) {
			used.Push(&in)
			for used.Pull(&in) {
			}
		}
		used.Set(s)
		for _, in := range noise(10, 0.5) {
			used.Push(&in)
			for used.Pull(&in) {
			}
		}
		used.Reset()
		for i, in := range noise(30, 0.5) {
			fresh.Push(&in)
			used.Push(&in)
			for {
				var a, b audio.Block
				if x, y := fresh.Pull(&a), used.Pull(&b); x != y || a != b {
					t.Fatalf("%s: differs from a new one in frame %d", name, i)
				} else if !x {
					break
				}
			}
		}
	}
}

func TestNaNAndInfAreNeutralised(t *testing.T) {
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -math.MaxFloat32, 1e-42}
	for name, s := range sounds(t) {
		c := dsp.NewChain(s)
		var out []float32
		for i, in := range noise(40, 0.5) {
			if i < 10 {
				for k := range in {
					if k%7 == i%7 {
						in[k] = bad[k%len(bad)]
					}
				}
			}
			c.Push(&in)
			var b audio.Block
			for c.Pull(&b) {
				out = append(out, b[:]...)
			}
		}
		for i, v := range out {
			if v != v || math.Abs(float64(v)) > 1 {
				t.Fatalf("%s: output %d is %v", name, i, v)
			}
		}
		if got := peak(out[len(out)-1920:]); got < 0.003 {
			t.Errorf("%s does not recover: %v", name, got)
		}
	}
}

func TestChainAllocatesNothing(t *testing.T) {
	in := noise(4, 0.4)
	for name, s := range sounds(t) {
		c := dsp.NewChain(s)
		other := s
		other.Volume, other.Width, other.BassBoost = 0.5, 0.5, 3
		c.Set(dsp.Settings{})
		c.Set(other)
		i := 0
		var b audio.Block
		frame := func() {
			c.Push(&in[i%len(in)])
			for c.Pull(&b) {
			}
			i++
		}
		frame()
		if n := testing.AllocsPerRun(50, frame); n > 0 {
			t.Errorf("%s: %v allocations in the steady state", name, n)
		}
		for _, to := range []dsp.Settings{s, {}, other} {
			c.Set(to)
			if n := testing.AllocsPerRun(20, frame); n > 0 {
				t.Errorf("%s: %v allocations while it glides", name, n)
			}
		}
		if n := testing.AllocsPerRun(20, func() { c.Drain(&b) }); n > 0 {
			t.Errorf("%s: %v allocations while it drains", name, n)
		}
	}
	for _, f := range filters {
		filter := f.make()
		b := in[0]
		if n := testing.AllocsPerRun(20, func() { filter.Process(&b) }); n > 0 {
			t.Errorf("%s: %v allocations", f.name, n)
		}
	}
}
