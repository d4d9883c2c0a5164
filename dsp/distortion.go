package dsp

import (
	"math"

	"busker/audio"
)

// distortion bends the waveform:
//
//	offset + scale * (sinOffset+sin(x*sinScale)) * (cosOffset+cos(x*cosScale)) * (tanOffset+tan(x*tanScale))
//
// with x and the result cut off at full scale. The cuts belong to its sound: waves do not
// fold over where an equalizer went before, and the poles of the tangent do not silence
// everything else behind a limiter.
type distortion struct{ now, to Distortion }

func newDistortion(d Distortion) *distortion { return &distortion{d, d} }

// Set crosses over to d during the next block.
func (f *distortion) Set(d Distortion) { f.to = d }

// Process applies the filter to b in place.
func (f *distortion) Process(b *audio.Block) {
	if f.now == f.to {
		for i, v := range b {
			b[i] = f.now.bend(v)
		}
		return
	}
	for i, v := range b {
		share := float32(i/audio.Channels+1) / float32(audio.FrameSamples)
		b[i] = (1-share)*f.now.bend(v) + share*f.to.bend(v)
	}
	f.now = f.to
}

// bend is the formula. Terms that do not depend on v cost little.
func (d *Distortion) bend(v float32) float32 {
	x := float64(min(max(v, -1), 1))
	y := d.SinOffset
	if d.SinScale != 0 {
		y += math.Sin(x * d.SinScale)
	}
	if d.CosScale != 0 {
		y *= d.CosOffset + math.Cos(x*d.CosScale)
	} else {
		y *= d.CosOffset + 1
	}
	if d.TanScale != 0 {
		y *= d.TanOffset + math.Tan(x*d.TanScale)
	} else {
		y *= d.TanOffset
	}
	y = d.Offset + d.Scale*y
	switch {
	case y >= -1 && y <= 1:
		return float32(y)
	case y > 1:
		return 1
	case y < -1:
		return -1
	}
	return 0 // not a number
}

// Reset ends the crossing.
func (f *distortion) Reset() { f.now = f.to }
