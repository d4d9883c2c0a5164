package player

import (
	"busker/audio"
)

// rampFrames is how many frames are encoded anew for listeners who heard silence. A
// packet's levels are told as differences to those of the packet before: as it is, it
// would fade in over 100 ms. One frame made without that puts a decoder right; two more
// let the finer levels come near those of the packets that follow.
const rampFrames = 3

// rampComplexity is the least at which libopus takes out of a frame what its pitch
// repeats, as encoders of music do: levels without that are others.
const rampComplexity = 5

// ramp makes the first packets after a silence.
type ramp struct {
	left  int // frames yet to be made so
	begun bool
	deck  deck // decodes what is in the window
	coder coder
}

// ramped returns the packet of frame n encoded anew, nil where that is not possible.
func (p *pump) ramped(turn order, n int64) (packet *audio.Packet) {
	r := &p.ramp
	defer func() {
		if e := recover(); e != nil {
			_ = p.caught(e)
			packet = nil
		}
		if r.left--; packet == nil || r.left <= 0 {
			p.endRamp()
		}
	}()
	if !r.begun && !p.beginRamp(n) {
		return nil
	}
	if n+1 < p.window.end || p.makeFrame(turn) {
		if !p.rampHears(n + 1) {
			return nil
		}
	} else {
		r.deck.conceal()
		r.deck.low = r.deck.high
	}
	b := blocks.Get().(*audio.Block)
	defer blocks.Put(b)
	p.rampBlock(b)
	packet, err := r.coder.encode(b)
	if err != nil {
		return nil
	}
	return packet
}

// beginRamp brings decoder and encoder to where they are before frame n.
func (p *pump) beginRamp(n int64) bool {
	r := &p.ramp
	r.begun = true
	r.coder.make = p.coder.make
	if r.coder.open() != nil || r.deck.prepare(p.newDecoder) != nil {
		return false
	}
	r.coder.setComplexity(rampComplexity)
	if s := p.window.at(n).segment; s != nil && s.first.Load() == n {
		for _, before := range s.before {
			r.deck.hear(before)
		}
	} else {
		for m := p.warmFrom(n); m < n; m++ {
			r.deck.hear(p.window.at(m).packet)
		}
	}
	if !p.rampHears(n) {
		return false
	}
	b := blocks.Get().(*audio.Block)
	defer blocks.Put(b)
	p.rampBlock(b)
	return r.coder.prime(b, false) == nil
}

// rampHears decodes frame n, and reports whether it could be.
func (p *pump) rampHears(n int64) bool {
	d := &p.ramp.deck
	d.low = d.high
	d.compact()
	packet := p.window.at(n).packet.Bytes()
	samples, err := d.decoder.Decode(d.pcm[d.high*audio.Channels:], packet)
	d.high += audio.FrameSamples
	d.low = d.high
	return err == nil && samples == audio.FrameSamples
}

// rampBlock copies to b what an encoder must be given for the frame before the one
// decoded last.
func (p *pump) rampBlock(b *audio.Block) {
	d := &p.ramp.deck
	d.low = d.high - audio.FrameSamples + p.ramp.coder.encoder.Lookahead()
	d.before(b)
	d.low = d.high
}

// endRamp frees what the ramp needed.
func (p *pump) endRamp() {
	if p.ramp.begun {
		p.ramp.deck.close()
		p.ramp.coder.close()
	}
	p.ramp.left, p.ramp.begun = 0, false
}
