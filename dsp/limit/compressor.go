package limit

import (
	"math"

	"busker/audio"
	"busker/dsp/truepeak"
)

const (
	// gliding is the time in which a setting goes 63 % of its way, in seconds.
	gliding = 0.03
	// least and most bound how fast a Compressor reacts, in milliseconds.
	least, most = 0.1, 5000
	// faint is the level below which nothing is measured, as a factor: -160 dBFS.
	faint = 1e-8
	// settled is what is left of a gain, in dB, when it counts as reached.
	settled = 1e-4
)

var glide = 1 - math.Exp(-truepeak.Slot/(gliding*audio.SampleRate))

// Compression describes a Compressor; the zero value is off.
type Compression struct {
	Threshold float64 `json:"threshold" yaml:"threshold"` // dBFS
	Ratio     float64 `json:"ratio" yaml:"ratio"`         // 1 and 0 = off
	Knee      float64 `json:"knee" yaml:"knee"`           // dB
	Attack    float64 `json:"attack" yaml:"attack"`       // ms
	Release   float64 `json:"release" yaml:"release"`     // ms
	Makeup    float64 `json:"makeup" yaml:"makeup"`       // dB
}

// on reports whether c changes anything.
func (c Compression) on() bool { return c.Ratio > 1 }

// curve is how a Compressor answers to a level.
type curve struct {
	threshold float64 // dBFS
	slope     float64 // dB of gain per dB over the threshold, 0..1
	knee      float64 // dB
	makeup    float64 // dB
}

// Compressor turns what is loud down: feed-forward, by the peaks of both sides, with its
// curve, its attack and its release in decibels. One goroutine uses it at a time.
type Compressor struct {
	now, to         curve
	attack, release float64 // part of the way gone in one slot
	moving          bool    // now is not to yet
	reduction       float64 // dB, 0 and more
	gain            float32 // at the end of the last block
	peaks           [slots]float32
}

// NewCompressor returns a Compressor as described.
func NewCompressor(c Compression) *Compressor {
	k := &Compressor{}
	k.Set(c)
	k.Reset()
	return k
}

// Set glides to other settings. Where c is off, so is the makeup. Attack and Release are
// held in 0.1..5000 ms, Knee in 0..48, Makeup in -48..48, Threshold in -120..0.
func (c *Compressor) Set(to Compression) {
	c.attack, c.release = pace(to.Attack), pace(to.Release)
	was := c.to
	if to.on() {
		c.to = curve{
			threshold: within(to.Threshold, -120, 0),
			slope:     1 - 1/to.Ratio,
			knee:      within(to.Knee, 0, 48),
			makeup:    within(to.Makeup, -48, 48),
		}
	} else {
		c.to.slope, c.to.makeup = 0, 0
	}
	if c.now.slope == 0 { // where it bends is not heard yet
		c.now.threshold, c.now.knee = c.to.threshold, c.to.knee
	}
	c.moving = c.moving || c.to != was
}

// pace is the part of its way that something goes in one slot that takes ms for 63 %.
func pace(ms float64) float64 {
	return 1 - math.Exp(-truepeak.Slot*1000/(within(ms, least, most)*audio.SampleRate))
}

// within bounds v; what is no number becomes the lower bound.
func within(v, low, high float64) float64 {
	if !(v > low) {
		return low
	}
	return min(v, high)
}

// Process compresses b in place.
func (c *Compressor) Process(b *audio.Block) {
	if !c.moving && c.now.slope == 0 && c.reduction == 0 && c.gain == 1 {
		return
	}
	truepeak.Samples(c.peaks[:], b[:])
	if !sane(c.peaks[:]) {
		tame(b[:])
		truepeak.Samples(c.peaks[:], b[:])
	}
	for s, peak := range c.peaks {
		if c.moving {
			c.move()
		}
		c.follow(float64(peak))
		gain := float32(math.Exp2((c.now.makeup - c.reduction) * (math.Log2(10) / 20)))
		scale(b[s*truepeak.Slot*audio.Channels:][:truepeak.Slot*audio.Channels], c.gain, gain)
		c.gain = gain
	}
}

// follow moves the reduction towards what peak asks for.
func (c *Compressor) follow(peak float64) {
	want := 0.0
	if c.now.slope > 0 && peak > faint {
		want = c.now.reduce(20 * math.Log10(peak))
	}
	if want > c.reduction {
		c.reduction += (want - c.reduction) * c.attack
		return
	}
	if c.reduction += (want - c.reduction) * c.release; c.reduction < settled && want == 0 {
		c.reduction = 0
	}
}

// reduce returns by how many dB a level is turned down: nothing below the knee, all of
// the slope above, and a parabola between.
func (k curve) reduce(level float64) float64 {
	over := level - k.threshold
	switch half := k.knee / 2; {
	case over <= -half:
		return 0
	case over < half:
		return k.slope * (over + half) * (over + half) / (2 * k.knee)
	default:
		return k.slope * over
	}
}

// move brings the curve a slot nearer to what was set.
func (c *Compressor) move() {
	near := true
	step := func(now *float64, to, enough float64) {
		if *now += (to - *now) * glide; math.Abs(to-*now) < enough {
			*now = to
		} else {
			near = false
		}
	}
	step(&c.now.threshold, c.to.threshold, settled)
	step(&c.now.slope, c.to.slope, settled/100)
	step(&c.now.knee, c.to.knee, settled)
	step(&c.now.makeup, c.to.makeup, settled)
	c.moving = !near
}

// scale multiplies a slot by a gain that goes from one value to another.
func scale(slot []float32, from, to float32) {
	step := (to - from) / truepeak.Slot
	for i := 0; i+1 < len(slot); i += 2 {
		from += step
		slot[i] *= from
		slot[i+1] *= from
	}
}

// Reset forgets all audio; the settings hold at once.
func (c *Compressor) Reset() {
	c.now, c.moving, c.reduction = c.to, false, 0
	c.gain = float32(math.Pow(10, c.now.makeup/20))
}
