package dsp

import "busker/audio"

// Filter is one filter of the chain, without the chain.
type Filter interface {
	Process(b *audio.Block)
	Reset()
}

// The filters, to be measured one by one.
func NewEqualizer(g [Bands]float64) Filter { return newEqualizer(g) }
func NewKaraoke(k Karaoke) Filter          { return newKaraoke(k) }
func NewTremolo(o Oscillation) Filter      { return newTremolo(o) }
func NewVibrato(o Oscillation) Filter      { return newVibrato(o) }
func NewDistortion(d Distortion) Filter    { return newDistortion(d) }
func NewRotation(o Oscillation) Filter     { return newRotation(o) }
func NewChannelMix(m ChannelMix) Filter    { return newChannelMix(m) }
func NewLowPass(smoothing float64) Filter  { return newLowPass(smoothing) }
func NewBassBoost(boost float64) Filter    { return newBassBoost(boost) }
func NewWidth(width float64) Filter        { return newChannelMix(widening(width)) }

// NewPlainEqualizer is the equalizer with the plain bank, whatever the build.
func NewPlainEqualizer(g [Bands]float64) Filter {
	e := &equalizer{bank: newPlainBank()}
	e.Set(g)
	e.Reset()
	return e
}

// Vectors reports whether the build has a bank of vectors and the machine can run it.
func Vectors() bool {
	_, plain := newBank().(*plainBank)
	return !plain
}

// SetEqualizer glides an equalizer to other gains.
func SetEqualizer(f Filter, g [Bands]float64) { f.(*equalizer).Set(g) }

// VolumeGain is the volume curve.
func VolumeGain(v float64) float64 { return volumeGain(v) }

// Alone hides the ceiling: what the filters of c do to b, without the limiter.
func (c *Chain) Alone(b *audio.Block) {
	c.latch()
	c.pass(b)
	for _, p := range c.after {
		p.process(b)
	}
}
