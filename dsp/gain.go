package dsp

import "busker/audio"

// Gain multiplies blocks by a factor and glides to a new factor over one block,
// so that no change clicks. The zero Gain is silence; NewGain starts elsewhere.
// It does not clip: a factor over 1 can leave full scale.
type Gain struct{ now, target float32 }

// NewGain returns a Gain that multiplies by factor from the first sample on.
func NewGain(factor float32) Gain { return Gain{now: factor, target: factor} }

// Set glides to factor during the next block.
func (g *Gain) Set(factor float32) { g.target = factor }

// Factor returns what the Gain multiplies by, or glides to.
func (g *Gain) Factor() float32 { return g.target }

// Unity reports whether Process would change nothing.
func (g *Gain) Unity() bool { return g.now == 1 && g.target == 1 }

// Process applies the gain to b in place.
func (g *Gain) Process(b *audio.Block) {
	switch {
	case g.Unity():
	case g.now == g.target:
		for i := range b {
			b[i] *= g.now
		}
	default:
		g.glide(b)
	}
}

// glide reaches the target exactly at the block's last sample.
func (g *Gain) glide(b *audio.Block) {
	step := (g.target - g.now) / float32(audio.FrameSamples)
	for i := range audio.FrameSamples {
		f := g.now + float32(i+1)*step
		b[2*i] *= f
		b[2*i+1] *= f
	}
	g.now = g.target
}
