package dsp

import (
	"math"

	"busker/audio"
	"busker/dsp/limit"
)

const (
	// ceilingLevel is what no output of a working Chain exceeds, in dBTP: room for what
	// the codec adds.
	ceilingLevel = -1
	// patience is how many frames a ceiling that is no longer needed waits for a good
	// moment to go: 1 s.
	patience = 50
	// likeness of the sound to itself, a look-ahead later, that makes a good moment.
	likeness = 0.7
)

// ceiling is the limiter at the end, and the way past it. The limiter is late by its
// look-ahead, the way past it is not, so going from one to the other moves the sound by
// that little in time. A block that holds both hides it: it begins when the limiter's
// delay has filled, and keeps the power where the two cancel each other.
type ceiling struct {
	limiter *limit.Limiter // nil until first wanted
	wanted  bool
	in      bool // the last block ended in the limiter
	waited  int  // frames since it was last wanted
}

// want says whether the ceiling is needed. It makes the limiter.
func (c *ceiling) want(wanted bool) {
	if c.wanted = wanted; wanted && c.limiter == nil {
		c.limiter = limit.NewLimiter(ceilingLevel)
	}
}

// delay in samples per channel, at present.
func (c *ceiling) delay() int {
	if !c.in {
		return 0
	}
	return c.limiter.Delay()
}

func (c *ceiling) reset() {
	c.in, c.waited = c.wanted, 0
	if c.limiter != nil {
		c.limiter.Reset()
	}
}

// process ends the chain. loose says that nothing before it changes anything.
func (c *ceiling) process(b *audio.Block, loose bool) {
	switch {
	case !c.in && c.wanted:
		c.enter(b)
	case !c.in:
	case c.wanted || !loose:
		c.limiter.Process(b)
		c.waited = 0
	default:
		c.leave(b)
	}
}

func (c *ceiling) enter(b *audio.Block) {
	direct := *b
	c.limiter.Reset()
	c.limiter.Process(b)
	cross(b, &direct, b, c.limiter.Delay())
	c.in, c.waited = true, 0
}

// leave waits until the limiter rests and the sound is much the same a look-ahead
// later, but not for ever.
func (c *ceiling) leave(b *audio.Block) {
	direct := *b
	c.limiter.Process(b)
	c.waited++
	if c.waited < patience && (!c.limiter.Idle() || alike(b, &direct, 0) < likeness) {
		return
	}
	cross(b, b, &direct, 0)
	c.in, c.waited = false, 0
}

// cross fills dst with a way from one sound to another that starts at sample start;
// before that it is the first alone. Its power is that of the sounds however alike they
// are. dst may be either.
func cross(dst, from, to *audio.Block, start int) {
	like := alike(from, to, start)
	step := 1 / float64(audio.FrameSamples-start)
	share := 0.0
	for i := range audio.FrameSamples {
		if i >= start {
			share += step
		}
		norm := 1 / math.Sqrt(1-2*share*(1-share)*(1-like))
		a, b := float32((1-share)*norm), float32(share*norm)
		dst[2*i] = a*from[2*i] + b*to[2*i]
		dst[2*i+1] = a*from[2*i+1] + b*to[2*i+1]
	}
}

// alike is the correlation of two sounds from a sample on, 0 to 1; silence is alike.
func alike(a, b *audio.Block, start int) float64 {
	var product, power float32
	for i := audio.Channels * start; i < len(a); i++ {
		product += a[i] * b[i]
		power += a[i]*a[i] + b[i]*b[i]
	}
	if power < inaudible {
		return 1
	}
	return max(0, float64(2*product/power))
}
