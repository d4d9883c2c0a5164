package dsp

import "busker/audio"

// rotation turns the sound around the listener, at full depth d by L * (1+sin)/2 and
// R * (1-sin)/2: each side swings between 1-d and 1.
type rotation struct {
	phase phasor
	half  ramp // of the depth
}

func newRotation(o Oscillation) *rotation {
	f := &rotation{phase: newPhasor(o.Frequency)}
	f.Set(o)
	f.Reset()
	return f
}

// turning is what the rotation needs of s.
func (s Settings) turning() Oscillation {
	if s.RotationDepth == 0 {
		return Oscillation{s.Rotation, 1}
	}
	return Oscillation{s.Rotation, s.RotationDepth}
}

// Set changes the frequency at once, at the phase reached, and glides to the depth.
func (f *rotation) Set(o Oscillation) {
	f.phase.set(o.Frequency)
	f.half.set(o.Depth / 2)
}

// Process applies the filter to b in place.
func (f *rotation) Process(b *audio.Block) {
	d, step := f.half.next()
	p := f.phase
	for i := 0; i < len(b)-1; i += 2 {
		d += step
		p.step()
		b[i] *= float32((1 - d) + d*p.sin)
		b[i+1] *= float32((1 - d) - d*p.sin)
	}
	p.settle()
	f.phase = p
}

// Reset goes back to phase 0 and ends the glide.
func (f *rotation) Reset() {
	f.phase.reset()
	f.half.jump()
}
