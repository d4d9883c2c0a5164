package dsp

import (
	"math"

	"busker/audio"
)

// The defaults of Lavalink's karaoke, in Hz.
const (
	karaokeBand  = 220
	karaokeWidth = 100
)

// karaoke takes out what both sides have in common, and gives back the middle's bass
// through a resonance:
//
//	y = A*(l+r)/2 - B*y1 - C*y2,  o = y*mono*level
//	L = l - r*level + o,          R = r - l*level + o
type karaoke struct {
	level, back ramp // back = mono*level
	a, b, c     ramp
	y1, y2      float64
}

func newKaraoke(k Karaoke) *karaoke {
	f := &karaoke{}
	f.Set(k)
	f.Reset()
	return f
}

// Set glides to k during the next block.
func (f *karaoke) Set(k Karaoke) {
	band, width := k.Band, k.Width
	if band == 0 {
		band = karaokeBand
	}
	if width == 0 {
		width = karaokeWidth
	}
	c := math.Exp(-2 * math.Pi * width / audio.SampleRate)
	b := -4 * c / (1 + c) * math.Cos(2*math.Pi*band/audio.SampleRate)
	f.a.set(math.Sqrt(max(0, 1-b*b/(4*c))) * (1 - c))
	f.b.set(b)
	f.c.set(c)
	f.level.set(k.Level)
	f.back.set(k.MonoLevel * k.Level)
}

// Process applies the filter to x in place.
func (f *karaoke) Process(x *audio.Block) {
	level, levelStep := f.level.next()
	back, backStep := f.back.next()
	a, aStep := f.a.next()
	b, bStep := f.b.next()
	c, cStep := f.c.next()
	y1, y2 := f.y1, f.y2
	for i := 0; i < len(x)-1; i += 2 {
		level, back = level+levelStep, back+backStep
		a, b, c = a+aStep, b+bStep, c+cStep
		l, r := float64(x[i]), float64(x[i+1])
		y := a*(l+r)/2 - b*y1 - c*y2
		y2, y1 = y1, y
		x[i] = float32(l - r*level + y*back)
		x[i+1] = float32(r - l*level + y*back)
	}
	f.y1, f.y2 = y1, y2
	flush(&f.y1, &f.y2)
}

// Reset forgets all audio and ends the glide.
func (f *karaoke) Reset() {
	f.y1, f.y2 = 0, 0
	for _, r := range []*ramp{&f.level, &f.back, &f.a, &f.b, &f.c} {
		r.jump()
	}
}

// Tail is how long the resonance rings, in frames.
func (f *karaoke) Tail() int { return 4 }
