// Package room puts PCM into a room: reverberation and echo.
//
// Both add to the sound and leave the sound itself as it is: where nothing is added the
// output is the input, bit for bit. They know 20 ms blocks of 48 kHz stereo and nothing
// else. New and Set make the memory a setting needs; Process allocates nothing.
package room

import (
	"math"

	"busker/audio"
)

const (
	// inaudible is the level from which on there is silence: -120 dBFS.
	inaudible = 1e-6
	// loudest bounds what is let in: +36 dB.
	loudest = 64
	// tiniest is the least that is not made zero in the filters.
	tiniest = 1e-15
)

// within bounds v; what is no number becomes the lower bound.
func within(v, low, high float64) float64 {
	if !(v > low) {
		return low
	}
	return min(v, high)
}

// frames is how many frames n samples begin.
func frames(n int) int { return (n + audio.FrameSamples - 1) / audio.FrameSamples }

// take copies one side of b and reports whether it is heard. In b too it makes finite and
// bounded what is not. What is too small to hear it leaves out of the copy: it would
// become denormal, and slow, in the filters.
func take(dst *[audio.FrameSamples]float32, b *audio.Block, side int) (heard bool) {
	var peak uint32
	for i := range dst {
		v := b[2*i+side]
		if bits(v) > loudestBits {
			v = tame(v)
			b[2*i+side] = v
		}
		dst[i] = flush(v)
		peak = max(peak, bits(v))
	}
	return peak > inaudibleBits
}

// tame bounds v; what is no number becomes silence.
func tame(v float32) float32 {
	if v != v {
		return 0
	}
	return min(max(v, -loudest), loudest)
}

// flush ends what decays for ever.
func flush(v float32) float32 {
	if bits(v) < tiniestBits {
		return 0
	}
	return v
}

// bits of a magnitude: they have the order of the magnitudes, above them what is no
// number, and comparing them does not depend on the sign, which no processor foresees.
func bits(v float32) uint32 { return math.Float32bits(v) &^ (1 << 31) }

var inaudibleBits, loudestBits, tiniestBits = bits(inaudible), bits(loudest), bits(tiniest)

// passes is how often a signal that comes back by factor is heard until it has fallen by
// a number of decibels.
func passes(factor, decibels float64) int {
	if factor <= 0 {
		return 1
	}
	return 1 + int(math.Ceil(decibels/(-20*math.Log10(factor))))
}

// ramp is a value that glides to another within a block.
type ramp struct{ now, to float32 }

func (r *ramp) jump() { r.now = r.to }

// add adds wet to one side of b, by a gain that glides. It ends the glide only when last.
func (r *ramp) add(b *audio.Block, side int, wet *[audio.FrameSamples]float32, last bool) {
	gain, step := r.now, (r.to-r.now)/float32(audio.FrameSamples)
	for i, v := range wet {
		gain += step
		b[2*i+side] += gain * v
	}
	if last {
		r.now = r.to
	}
}
