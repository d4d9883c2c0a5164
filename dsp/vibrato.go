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
		w0, w1, w2, w3 := hermite(t)
		b[2*n] = w0*y[0] + w1*y[2] + w2*y[4] + w3*y[6]
		b[2*n+1] = w0*y[1] + w1*y[3] + w2*y[5] + w3*y[7]
		p.step()
	}
	p.settle()
	f.phase = p
	copy(f.line[:past], f.line[len(f.line)-past:])
}

// hermite weighs four points: the curve of third order through the middle two, with the
// slopes their neighbours give them, a fraction t behind the second point.
func hermite(t float32) (w0, w1, w2, w3 float32) {
	t2 := t * t
	t3 := t2 * t
	w0 = t2 - 0.5*(t+t3)
	w1 = 1 - 2.5*t2 + 1.5*t3
	w2 = 0.5*t + 2*t2 - 1.5*t3
	w3 = 0.5 * (t3 - t2)
	return w0, w1, w2, w3
}

// Reset forgets all audio, goes back to phase 0 and ends the glide.
func (f *vibrato) Reset() {
	clear(f.line[:])
	f.phase.reset()
	f.width.jump()
}

// Tail is one frame: the delay.
func (f *vibrato) Tail() int { return 1 }
