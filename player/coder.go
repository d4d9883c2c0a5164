package player

import (
	"fmt"
	"sync/atomic"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
)

// coder is an encoder that always goes on from what listeners hear before: whenever it
// did not make the packet before, it begins anew with the frame before, for nobody.
//
// It encodes exactly one frame that way, and no more: the frame after the first is one
// libopus encodes without regard to what a decoder heard, so that it has the right level
// for listeners who heard silence, something else or nothing in between. It does so at up
// to freshComplexity; above, only where it finds the packet shorter.
type coder struct {
	make    func() (opus.Encoder, error)
	encoder opus.Encoder // nil = to be made
	primed  bool         // it made the frame before, or was primed with it
	fresh   bool         // it was primed, and has made nothing since

	complexity int         // it was set to
	stale      atomic.Bool // it must be made anew
	scratch    *audio.Packet
}

// freshComplexity is what the first packet that goes on from something else is made with.
const freshComplexity = 3

// open makes an encoder if there is none, or none that is still good.
func (c *coder) open() (err error) {
	if c.stale.Swap(false) {
		c.close()
	}
	if c.encoder != nil {
		return nil
	}
	c.primed, c.complexity = false, -1
	if c.encoder, err = c.make(); err != nil {
		return fault.Wrap(fault.Internal, "The sound could not be encoded.", fmt.Errorf("make encoder: %w", err))
	}
	return nil
}

// prime brings the encoder to where it would be after before; nil is silence.
func (c *coder) prime(before *audio.Block) error {
	if c.scratch == nil {
		c.scratch = audio.NewPacket()
	}
	if before == nil {
		before = blocks.Get().(*audio.Block)
		defer blocks.Put(before)
		*before = audio.Block{}
	}
	if err := c.encoder.Reset(); err != nil {
		return encoding(err)
	}
	if _, err := c.encoder.Encode(c.scratch.Buffer(), before); err != nil {
		return encoding(err)
	}
	c.primed, c.fresh = true, true
	return nil
}

// encode returns the packet of b.
func (c *coder) encode(b *audio.Block) (*audio.Packet, error) {
	c.primed = false // until it has worked
	if c.fresh && c.complexity > freshComplexity {
		defer c.setComplexity(c.complexity)
		c.setComplexity(freshComplexity)
	}
	c.fresh = false
	p := audio.NewPacket()
	n, err := c.encoder.Encode(p.Buffer(), b)
	if err != nil {
		p.Release()
		return nil, encoding(err)
	}
	p.SetLen(n)
	c.primed = true
	return p, nil
}

// setComplexity makes the encoder work as hard as the machine can bear.
func (c *coder) setComplexity(to int) {
	if c.encoder != nil && to != c.complexity && c.encoder.SetComplexity(to) == nil {
		c.complexity = to
	}
}

// close frees the encoder, which may be in any state.
func (c *coder) close() {
	e := c.encoder
	c.encoder, c.primed = nil, false
	if c.scratch != nil {
		c.scratch.Release()
		c.scratch = nil
	}
	if e != nil {
		_ = e.Close()
	}
}

func encoding(err error) error {
	return fault.Wrap(fault.Internal, "The sound could not be encoded.", fmt.Errorf("encode frame: %w", err))
}
