package dsp

import "busker/audio"

// channelMix crosses the sides over: L = ll*l + rl*r, R = lr*l + rr*r.
type channelMix struct{ ll, lr, rl, rr ramp }

func newChannelMix(m ChannelMix) *channelMix {
	f := &channelMix{}
	f.Set(m)
	f.Reset()
	return f
}

// Set glides to m during the next block.
func (f *channelMix) Set(m ChannelMix) {
	f.ll.set(m.LeftToLeft)
	f.lr.set(m.LeftToRight)
	f.rl.set(m.RightToLeft)
	f.rr.set(m.RightToRight)
}

// Process applies the filter to b in place.
func (f *channelMix) Process(b *audio.Block) {
	ll, llStep := f.ll.next()
	lr, lrStep := f.lr.next()
	rl, rlStep := f.rl.next()
	rr, rrStep := f.rr.next()
	for i := 0; i < len(b)-1; i += 2 {
		ll, lr, rl, rr = ll+llStep, lr+lrStep, rl+rlStep, rr+rrStep
		l, r := float64(b[i]), float64(b[i+1])
		b[i], b[i+1] = float32(ll*l+rl*r), float32(lr*l+rr*r)
	}
}

// Reset ends the glide.
func (f *channelMix) Reset() {
	for _, r := range []*ramp{&f.ll, &f.lr, &f.rl, &f.rr} {
		r.jump()
	}
}

// widening is stereo width as a mix: the middle stays, the sides' difference is
// multiplied by 1+width.
func widening(width float64) ChannelMix {
	same, other := 1+width/2, -width/2
	return ChannelMix{
		On:         true,
		LeftToLeft: same, RightToLeft: other,
		LeftToRight: other, RightToRight: same,
	}
}
