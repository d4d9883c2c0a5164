package player

import (
	"math"

	"busker/audio"
)

const (
	// seamFrames is how many frames before the end of a segment are made, so that what
	// follows can begin at the very sample.
	seamFrames = 3
	// stepPatience is how many frames a deck waits at most for a good moment to come
	// into step with its packets: 1 s.
	stepPatience = audio.FramesPerSecond
	// stepLikeness is how alike the two sounds are at a good moment.
	stepLikeness = 0.8
)

// seamDue reports that the end of s must be made, because s has padding at its end or
// what follows has some before its beginning.
func (p *pump) seamDue(s *segment) bool {
	if p.seam || s != p.current || p.next() == nil {
		return p.seam && s == p.current
	}
	count, over := s.reel.left()
	if !over || count == 0 || count > seamFrames {
		return false
	}
	next, whole := p.follow.reel.left()
	if next < seamFrames && !whole || next == 0 {
		return false // it is late: nothing is gained
	}
	end := s.reel.ending()
	p.seam = end.err == nil && end.tail > 0 || p.follow.packets && p.follow.skip > 0
	return p.seam
}

// early reports that the end of s may have to be made to fit what follows, which is not
// there yet but may come in time.
func (p *pump) early(s *segment) bool {
	count, over := s.reel.left()
	if s != p.current || p.making || !over || count == 0 || count > seamFrames || !p.hopeful() {
		return false
	}
	if p.follow == nil {
		return true
	}
	next, whole := p.follow.reel.left()
	return next < seamFrames && !whole
}

// comeIntoStep returns a block that goes from where the deck is to where its packets
// can be passed on again, up to 10 ms away: at a moment when that is hardly heard, or
// else in the end. Before that it returns nil.
func (p *pump) comeIntoStep(s *segment, d *deck) (*audio.Block, error) {
	off := d.offStep(p.lead())
	if -off > d.low || !d.ready(audio.FrameSamples+max(off, 0)) {
		return nil, nil //nolint:nilnil // not now, which is no error
	}
	for d.has() < audio.FrameSamples+max(off, 0) {
		if ok, err := d.next(); !ok {
			return nil, err
		}
	}
	from := d.pcm[d.low*audio.Channels:][:audio.FrameSamples*audio.Channels]
	to := d.pcm[(d.low+off)*audio.Channels:][:audio.FrameSamples*audio.Channels]
	like := alike(from, to)
	if p.waited++; like < stepLikeness && p.waited < stepPatience {
		return nil, nil //nolint:nilnil // not now, which is no error
	}
	p.waited = 0
	b := blocks.Get().(*audio.Block)
	sway(b[:], from, to, like)
	d.low += off + audio.FrameSamples
	d.at += int64(off + audio.FrameSamples)
	s.base -= int64(off)
	d.level.apply(b[:], p.normalise, s.loudness)
	return b, nil
}

// sway fills dst with a way from one sound to another; its power is theirs however
// alike they are.
func sway(dst, from, to []float32, like float64) {
	share, step := 0.0, 1/float64(audio.FrameSamples)
	for i := 0; i+1 < len(dst); i += audio.Channels {
		share += step
		norm := 1 / math.Sqrt(1-2*share*(1-share)*(1-like))
		a, b := float32((1-share)*norm), float32(share*norm)
		dst[i], dst[i+1] = a*from[i]+b*to[i], a*from[i+1]+b*to[i+1]
	}
}

// alike is the correlation of two sounds, 0 to 1; silence is alike.
func alike(a, b []float32) float64 {
	var product, power float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		product += x * y
		power += x*x + y*y
	}
	const inaudible = 1e-6 // -60 dBFS for a frame of both
	if !(power > inaudible*float64(len(a))) {
		return 1
	}
	return max(0, 2*product/power)
}

// keepBorder keeps the last frame made of the current segment, for what follows may
// change while that frame waits to be sent.
func (p *pump) keepBorder() {
	p.dropBorder()
	if p.making && p.last != nil {
		p.border = blocks.Get().(*audio.Block)
		*p.border = *p.last
	}
}

func (p *pump) dropBorder() {
	if p.border != nil {
		blocks.Put(p.border)
		p.border = nil
	}
}

// backToBorder forgets all sound after the current segment.
func (p *pump) backToBorder() {
	p.ejectAll()
	p.fade, p.seam, p.pulling = fade{}, false, false
	p.coder.primed = false
	p.forgetLast()
	if p.making = p.border != nil; p.making {
		p.last, p.border = p.border, nil
		p.keepBorder()
	}
}
