package player

import (
	"busker/audio"
	"busker/dsp/limit"
)

// ceilingLevel is what nothing that was turned up exceeds, in dBTP.
const ceilingLevel = -1

// ceilingPatience is how many blocks a limiter that is no longer wanted waits for sound
// that it does not touch.
const ceilingPatience = audio.FramesPerSecond

// ceiling is a limiter, and the way past it while nothing can be too loud. The limiter
// is late by its look-ahead; a block that goes from one to the other hides that.
type ceiling struct {
	limiter *limit.Limiter // nil until first needed
	in      bool           // the last block ended in the limiter
	waited  int            // blocks since it was last wanted
}

// process limits b if that is wanted, and goes on with it until the limiter rests.
func (c *ceiling) process(b *audio.Block, wanted bool) {
	switch {
	case wanted && !c.in:
		c.enter(b)
	case wanted:
		c.limiter.Process(b)
		c.waited = 0
	case c.in:
		c.leave(b)
	}
}

func (c *ceiling) enter(b *audio.Block) {
	if c.limiter == nil {
		c.limiter = limit.NewLimiter(ceilingLevel)
	}
	c.limiter.Reset()
	direct := *b
	c.limiter.Process(b)
	blend(b, &direct, b, c.limiter.Delay())
	c.in, c.waited = true, 0
}

// leave waits for the limiter to rest, but not for ever: sound may be as loud as that
// by itself.
func (c *ceiling) leave(b *audio.Block) {
	direct := *b
	c.limiter.Process(b)
	if c.waited++; c.limiter.Idle() || c.waited >= ceilingPatience {
		blend(b, b, &direct, 0)
		c.in = false
	}
}

// blend fills dst, which may be either, with from until sample start and a way from
// there to to.
func blend(dst, from, to *audio.Block, start int) {
	share, step := float32(0), 1/float32(audio.FrameSamples-start)
	for i := range audio.FrameSamples {
		if i >= start {
			share += step
		}
		dst[2*i] = from[2*i] + share*(to[2*i]-from[2*i])
		dst[2*i+1] = from[2*i+1] + share*(to[2*i+1]-from[2*i+1])
	}
}
