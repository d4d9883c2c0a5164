package dsp

import "busker/audio"

// tremolo lets the level swing between 1-depth and 1: x * ((1-d) + d*sin(phase)) with
// d = depth/2.
type tremolo struct {
	phase phasor
	half  ramp // depth/2
}

func newTremolo(o Oscillation) *tremolo {
	f := &tremolo{phase: newPhasor(o.Frequency)}
	f.Set(o)
	f.Reset()
	return f
}

// Set changes the frequency at once, at the phase reached, and glides to the depth.
func (f *tremolo) Set(o Oscillation) {
	f.phase.set(o.Frequency)
	f.half.set(o.Depth / 2)
}

// Process applies the filter to b in place.
func (f *tremolo) Process(b *audio.Block) {
	d, step := f.half.next()
	p := f.phase
	for i := 0; i < len(b)-1; i += 2 {
		d += step
		m := float32((1 - d) + d*p.sin)
		b[i] *= m
		b[i+1] *= m
		p.step()
	}
	p.settle()
	f.phase = p
}

// Reset goes back to phase 0 and ends the glide.
func (f *tremolo) Reset() {
	f.phase.reset()
	f.half.jump()
}
