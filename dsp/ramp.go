package dsp

import (
	"math"

	"busker/audio"
)

// ramp is a parameter that reaches its target in a straight line over one block,
// so that no change of it clicks. The zero ramp rests at 0.
type ramp struct{ now, target float64 }

// set glides to v during the next block.
func (r *ramp) set(v float64) { r.target = v }

// jump ends the glide.
func (r *ramp) jump() { r.now = r.target }

// next begins a block: the value before its first sample and what each sample adds
// to it. The ramp then rests at its target.
func (r *ramp) next() (from, step float64) {
	from, step = r.now, (r.target-r.now)/float64(audio.FrameSamples)
	r.now = r.target
	return from, step
}

// phasor is a sine and its cosine that turn by the same angle each sample.
type phasor struct{ sin, cos, turnSin, turnCos float64 }

// newPhasor starts at phase 0.
func newPhasor(hertz float64) phasor {
	p := phasor{cos: 1}
	p.set(hertz)
	return p
}

// set changes the frequency and keeps the phase.
func (p *phasor) set(hertz float64) {
	p.turnSin, p.turnCos = math.Sincos(2 * math.Pi * hertz / audio.SampleRate)
}

// reset goes back to phase 0.
func (p *phasor) reset() { p.sin, p.cos = 0, 1 }

// step turns the phasor by one sample.
func (p *phasor) step() {
	p.sin, p.cos = p.sin*p.turnCos+p.cos*p.turnSin, p.cos*p.turnCos-p.sin*p.turnSin
}

// settle brings the length back to 1, which rounding changes by less than 1e-12 in a
// block; once per block is enough.
func (p *phasor) settle() {
	f := 1.5 - 0.5*(p.sin*p.sin+p.cos*p.cos) // one Newton step of 1/sqrt
	p.sin, p.cos = p.sin*f, p.cos*f
}
