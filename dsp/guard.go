package dsp

import "busker/audio"

const (
	// utmost bounds what enters the filters: +36 dB over full scale. No decoder comes
	// near it, and no filter makes an infinity out of it.
	utmost = 64
	// inaudible is where filters' memories are set to zero: -300 dB. Below 1e-38 floats
	// are denormal, and arithmetic with them takes several times as long.
	inaudible = 1e-15
	// unheard is the level under which an ending is over: -96 dB, half a step of 16 bits.
	unheard = 1.6e-5
)

// guard makes b fit to be filtered: what is no number becomes silence, what is beyond
// utmost is cut. Everything else stays as it is, to the bit.
func guard(b *audio.Block) {
	for i, v := range b {
		if v >= -utmost && v <= utmost {
			continue
		}
		switch {
		case v > utmost:
			b[i] = utmost
		case v < -utmost:
			b[i] = -utmost
		default:
			b[i] = 0
		}
	}
}

// flush ends what decays for ever, and forgets infinities and what is no number.
func flush(states ...*float64) {
	for _, s := range states {
		if v := *s; !(v > inaudible && v < 1/inaudible || v < -inaudible && v > -1/inaudible) {
			*s = 0
		}
	}
}

// quiet reports whether nothing in b can be heard.
func quiet(b *audio.Block) bool {
	for _, v := range b {
		if v > unheard || v < -unheard {
			return false
		}
	}
	return true
}
