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
// Where listeners heard something else, or nothing, it begins with silence before that.
// To libopus that makes the levels of all that follows too far off to be told as
// differences, so that they are right for whatever a decoder heard: up to freshComplexity,
// above it only where the packet becomes shorter.
type coder struct {
	make    func() (opus.Encoder, error)
	encoder opus.Encoder // nil = to be made
	primed  bool         // it made the frame before, or was primed with it
	fresh   bool         // listeners heard something else before what it makes next

	complexity int         // it was set to
	stale      atomic.Bool // it must be made anew
	scratch    *audio.Packet
}

// freshComplexity is what the first packet is made with where listeners heard something else.
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

// prime brings the encoder to where it would be after before; nil is silence. Whether
// listeners heard that decides how the next frame is made.
func (c *coder) prime(before *audio.Block, heard bool) error {
	if err := c.encoder.Reset(); err != nil {
		return encoding(err)
	}
	c.fresh = before == nil || !heard
	if c.fresh {
		silence := blocks.Get().(*audio.Block)
		defer blocks.Put(silence)
		*silence = audio.Block{}
		if err := c.encodeAway(silence); err != nil {
			return err
		}
	}
	if before != nil {
		if err := c.encodeAway(before); err != nil {
			return err
		}
	}
	c.primed = true
	return nil
}

// encodeAway encodes b for nobody.
func (c *coder) encodeAway(b *audio.Block) error {
	if c.scratch == nil {
		c.scratch = audio.NewPacket()
	}
	defer c.lower()()
	if _, err := c.encoder.Encode(c.scratch.Buffer(), b); err != nil {
		return encoding(err)
	}
	return nil
}

// lower lowers the complexity while that matters, and returns a function that raises it
// again.
func (c *coder) lower() (raise func()) {
	if !c.fresh || c.complexity <= freshComplexity {
		return func() {}
	}
	before := c.complexity
	c.setComplexity(freshComplexity)
	return func() { c.setComplexity(before) }
}

// encode returns the packet of b.
func (c *coder) encode(b *audio.Block) (*audio.Packet, error) {
	c.primed = false // until it has worked
	if c.fresh {
		defer c.lower()()
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
