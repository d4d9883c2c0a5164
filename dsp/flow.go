package dsp

import "busker/audio"

// drain is how far an ending has come.
type drain struct {
	begun bool
	left  int // frames that may still be made
	still int // quiet frames made in a row
}

// longestEcho is how many quiet frames in a row end an ending with a room in it: more
// than lie between two echoes.
const longestEcho = 110

// Push takes the next block of input. Everything pulled must be taken before.
func (c *Chain) Push(b *audio.Block) {
	c.block = *b
	guard(&c.block)
	c.drain = drain{}
	c.latch()
	c.pass(&c.block)
	if t := c.timescale.stretcher; t != nil {
		t.Push(&c.block)
	} else {
		c.have = true
	}
	c.started = true
}

// latch lets new settings begin. Filters that come on are heard a frame later, when the
// ceiling is in place; the volume waits for it, so that nothing is too loud before.
func (c *Chain) latch() {
	if c.ceiling.in || !c.ceiling.wanted {
		c.volume.Set(float32(volumeGain(c.settings.Volume)))
	}
	if !c.changed {
		return
	}
	c.changed = false
	for _, p := range c.before {
		p.latch()
	}
	for _, p := range c.after {
		p.latch()
	}
}

// pass applies what comes before the timescale.
func (c *Chain) pass(b *audio.Block) {
	c.volume.Process(b)
	for _, p := range c.before {
		p.process(b)
	}
}

// Pull fills b with the next block of output if there is one.
func (c *Chain) Pull(b *audio.Block) bool {
	if t := c.timescale.stretcher; t != nil {
		if !t.Pull(b) {
			return false
		}
	} else {
		if !c.have {
			return false
		}
		*b, c.have = c.block, false
	}
	c.finish(b)
	return true
}

// finish applies what comes after the timescale.
func (c *Chain) finish(b *audio.Block) {
	for _, p := range c.after {
		p.process(b)
	}
	c.ceiling.process(b, c.loose())
}

// loose reports that nothing before the ceiling changes anything.
func (c *Chain) loose() bool {
	if c.changed || !c.volume.Unity() || !c.timescale.neutral() {
		return false
	}
	for _, p := range c.before {
		if !p.resting() {
			return false
		}
	}
	for _, p := range c.after {
		if !p.resting() {
			return false
		}
	}
	return true
}

// Drain is Pull after the last Push: what is still inside, then the tails of reverb and
// echo, until there is nothing to hear. A Push may follow and begins anew.
func (c *Chain) Drain(b *audio.Block) bool {
	if c.Pull(b) {
		return true
	}
	if c.Idle() {
		return false
	}
	if t := c.timescale.stretcher; t != nil && !c.drain.begun && t.Drain(b) > 0 {
		c.finish(b)
		return true
	}
	if !c.drain.begun {
		c.drain = drain{begun: true, left: c.ending()}
	}
	if c.drain.left == 0 {
		return false
	}
	c.drain.left--
	*b = audio.Block{}
	if c.timescale.neutral() {
		c.pass(b)
	}
	c.finish(b)
	return c.sounds(b)
}

// sounds reports whether an ending goes on with b.
func (c *Chain) sounds(b *audio.Block) bool {
	if !quiet(b) {
		c.drain.still = 0
		return true
	}
	c.drain.still++
	limit := 1
	for _, p := range c.after {
		if p.rooms() {
			limit = longestEcho
		}
	}
	if c.drain.still >= limit {
		c.drain.left = 0
		return false
	}
	return true
}

// ending is how many frames the tails take at most: each stage may begin to ring when
// the one before has ended.
func (c *Chain) ending() int {
	frames := (c.ceiling.delay() + audio.FrameSamples - 1) / audio.FrameSamples
	for _, p := range c.before {
		frames += p.tail()
	}
	for _, p := range c.after {
		frames += p.tail()
	}
	return frames
}

// Speed is how many frames of input one frame of output takes at present.
func (c *Chain) Speed() float64 {
	if t := c.timescale.stretcher; t != nil {
		return t.Speed()
	}
	return 1
}

// Delay is how many frames of input (with fractions) are inside and not heard yet.
func (c *Chain) Delay() float64 {
	frames := float64(c.ceiling.delay()) / float64(audio.FrameSamples) * c.Speed()
	if t := c.timescale.stretcher; t != nil {
		frames += t.Delay()
	}
	if c.have {
		frames++
	}
	return frames
}

// Idle reports that the Chain changes nothing and holds nothing: settings are neutral, all
// glides and tails are over, so that it may be bypassed.
func (c *Chain) Idle() bool {
	return !c.have && !c.ceiling.in && c.settings.Neutral() && c.loose()
}

// last is the last block heard, or nil.
func (c *Chain) last() *audio.Block {
	if !c.started {
		return nil
	}
	return &c.block
}
