package dsp

import (
	"math"

	"busker/audio"
)

const (
	// bassCorner is where half of the boost (in dB) is reached, in Hz.
	bassCorner = 110
	// bassHeadroom is the share of the boost, in dB, by which everything is made quieter:
	// the bass gains half, the rest loses half. Music has its highest peaks in the bass;
	// without it the limiter would work all the time.
	bassHeadroom = 0.5
)

// bassBoost is a low shelf with headroom: the Audio EQ Cookbook's of slope 1, times a
// gain below 1.
type bassBoost struct {
	b0, b1, b2, a1, a2 ramp
	l1, l2, r1, r2     float64 // transposed direct form II
}

func newBassBoost(boost float64) *bassBoost {
	f := &bassBoost{}
	f.Set(boost)
	f.Reset()
	return f
}

// Set glides to a boost in dB during the next block.
func (f *bassBoost) Set(boost float64) {
	a := math.Pow(10, boost/40)
	sin, cos := math.Sincos(2 * math.Pi * bassCorner / audio.SampleRate)
	beta := math.Sqrt(2*a) * sin // 2*sqrt(A)*alpha with S = 1
	a0 := (a + 1) + (a-1)*cos + beta
	gain := math.Pow(10, -bassHeadroom*boost/20)
	f.b0.set(gain * a * ((a + 1) - (a-1)*cos + beta) / a0)
	f.b1.set(gain * 2 * a * ((a - 1) - (a+1)*cos) / a0)
	f.b2.set(gain * a * ((a + 1) - (a-1)*cos - beta) / a0)
	f.a1.set(-2 * ((a - 1) + (a+1)*cos) / a0)
	f.a2.set(((a + 1) + (a-1)*cos - beta) / a0)
}

// Process applies the filter to b in place.
func (f *bassBoost) Process(b *audio.Block) {
	b0, b0Step := f.b0.next()
	b1, b1Step := f.b1.next()
	b2, b2Step := f.b2.next()
	a1, a1Step := f.a1.next()
	a2, a2Step := f.a2.next()
	if b0Step != 0 {
		for i := 0; i < len(b); i += audio.Channels {
			b0, b1, b2, a1, a2 = b0+b0Step, b1+b1Step, b2+b2Step, a1+a1Step, a2+a2Step
			f.run((*[audio.Channels]float32)(b[i:])[:], b0, b1, b2, a1, a2)
		}
	} else {
		f.run(b[:], b0, b1, b2, a1, a2)
	}
	flush(&f.l1, &f.l2, &f.r1, &f.r2)
}

func (f *bassBoost) run(b []float32, b0, b1, b2, a1, a2 float64) {
	l1, l2, r1, r2 := f.l1, f.l2, f.r1, f.r2
	for i := 0; i < len(b)-1; i += 2 {
		l, r := float64(b[i]), float64(b[i+1])
		x, y := b0*l+l1, b0*r+r1
		l1, r1 = b1*l-a1*x+l2, b1*r-a1*y+r2
		l2, r2 = b2*l-a2*x, b2*r-a2*y
		b[i], b[i+1] = float32(x), float32(y)
	}
	f.l1, f.l2, f.r1, f.r2 = l1, l2, r1, r2
}

// Reset forgets all audio and ends the glide.
func (f *bassBoost) Reset() {
	f.l1, f.l2, f.r1, f.r2 = 0, 0, 0, 0
	for _, r := range []*ramp{&f.b0, &f.b1, &f.b2, &f.a1, &f.a2} {
		r.jump()
	}
}

// Tail is how long the shelf rings, in frames.
func (f *bassBoost) Tail() int { return 2 }
