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
type distortion struct{ now, to curve }

func newDistortion(d Distortion) *distortion {
	f := &distortion{}
	f.Set(d)
	f.Reset()
	return f
}

// Set crosses over to d during the next block.
func (f *distortion) Set(d Distortion) {
	if f.to.Distortion != d {
		f.to.draw(d)
	}
}

// Process applies the filter to b in place.
func (f *distortion) Process(b *audio.Block) {
	if f.now.Distortion == f.to.Distortion {
		for i, v := range b {
			b[i] = f.now.at(v)
		}
		return
	}
	for i, v := range b {
		share := float32(i/audio.Channels+1) / float32(audio.FrameSamples)
		b[i] = (1-share)*f.now.at(v) + share*f.to.at(v)
	}
	f.now = f.to
}

// Reset ends the crossing.
func (f *distortion) Reset() { f.now = f.to }

const (
	// curvePoints are the intervals of a table over -1..1.
	curvePoints = 2048
	// curveError is the most a table may be off: -120 dB.
	curveError = 1e-6
)

// curve is a distortion with a table of it, where it is smooth enough for one: reading
// it costs a twentieth of sine, cosine and tangent.
type curve struct {
	Distortion
	smooth bool
	table  [curvePoints + 1]float32
}

// draw fills the table and measures it half way between its points.
func (c *curve) draw(d Distortion) {
	const step = 2.0 / curvePoints
	c.Distortion, c.smooth = d, true
	for i := range c.table {
		c.table[i] = d.bend(float32(i)*step - 1)
	}
	for i := range curvePoints {
		between := (c.table[i] + c.table[i+1]) / 2
		if miss := between - d.bend((float32(i)+0.5)*step-1); miss > curveError || miss < -curveError {
			c.smooth = false
			return
		}
	}
}

// at is the curve's value for v.
func (c *curve) at(v float32) float32 {
	if !c.smooth {
		return c.bend(v)
	}
	x := (min(max(v, -1), 1) + 1) * (curvePoints / 2)
	i := min(uint(x), curvePoints-1)
	return c.table[i] + (x-float32(i))*(c.table[i+1]-c.table[i])
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
