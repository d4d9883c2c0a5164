package dsp

import "busker/audio"

// rotation turns the sound around the listener: L * (1+sin)/2, R * (1-sin)/2.
type rotation struct{ phase phasor }

func newRotation(hertz float64) *rotation { return &rotation{newPhasor(hertz)} }

// Set changes the frequency at once, at the phase reached.
func (f *rotation) Set(hertz float64) { f.phase.set(hertz) }

// Process applies the filter to b in place.
func (f *rotation) Process(b *audio.Block) {
	p := f.phase
	for i := 0; i < len(b)-1; i += 2 {
		p.step()
		b[i] *= float32((1 + p.sin) / 2)
		b[i+1] *= float32((1 - p.sin) / 2)
	}
	p.settle()
	f.phase = p
}

// Reset goes back to phase 0.
func (f *rotation) Reset() { f.phase.reset() }
