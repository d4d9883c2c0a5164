package dsp

import "busker/audio"

const (
	vibratoWidth = audio.SampleRate * 2 / 1000 // samples of delay at depth 1: 2 ms
	vibratoLeast = 3                           // samples of delay the interpolation needs
	vibratoPast  = vibratoWidth + vibratoLeast + 2
)

// vibrato lets the pitch swing: it reads a delay line at a delay of
// (sin(phase)+1)/2 * depth * 2 ms + 3 samples, with Hermite's interpolation of four
// points (third order).
type vibrato struct {
	phase phasor
	width ramp                                                         // samples
	line  [audio.Channels * (vibratoPast + audio.FrameSamples)]float32 // the past, then the block
}

func newVibrato(o Oscillation) *vibrato {
	f := &vibrato{phase: newPhasor(o.Frequency)}
	f.Set(o)
	f.Reset()
	return f
}

// Set changes the frequency at once, at the phase reached, and glides to the depth.
func (f *vibrato) Set(o Oscillation) {
	f.phase.set(o.Frequency)
	f.width.set(o.Depth * vibratoWidth)
}

// Process applies the filter to b in place.
func (f *vibrato) Process(b *audio.Block) {
	const past = audio.Channels * vibratoPast
	copy(f.line[past:], b[:])
	width, step := f.width.next()
	p := f.phase
	for n := range audio.FrameSamples {
		width += step
		at := float64(vibratoPast+n-vibratoLeast) - (p.sin+1)/2*width
		whole := int(at)
		t := float32(at - float64(whole))
		y := f.line[audio.Channels*(whole-1):][: 4*audio.Channels : 4*audio.Channels]
		b[2*n] = hermite(t, y[0], y[2], y[4], y[6])
		b[2*n+1] = hermite(t, y[1], y[3], y[5], y[7])
		p.step()
	}
	p.settle()
	f.phase = p
	copy(f.line[:past], f.line[len(f.line)-past:])
}

// hermite is the value a fraction t behind y1 of the curve through y1 and y2.
func hermite(t, y0, y1, y2, y3 float32) float32 {
	c1 := 0.5 * (y2 - y0)
	c2 := y0 - 2.5*y1 + 2*y2 - 0.5*y3
	c3 := 0.5*(y3-y0) + 1.5*(y1-y2)
	return ((c3*t+c2)*t+c1)*t + y1
}

// Reset forgets all audio, goes back to phase 0 and ends the glide.
func (f *vibrato) Reset() {
	clear(f.line[:])
	f.phase.reset()
	f.width.jump()
}

// Tail is one frame: the delay.
func (f *vibrato) Tail() int { return 1 }
