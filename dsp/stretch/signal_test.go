package stretch_test

import (
	"math"
	"math/cmplx"

	"busker/audio"
	"busker/dsp/stretch"
)

func sine(hertz, t float64) float64 { return math.Sin(2 * math.Pi * hertz * t) }

// pulse is 1 at every period and decays in a twentieth of a second.
func pulse(t, period float64) float64 { return math.Exp(-math.Mod(t, period) * 20) }

// tone is a sine on both sides, of amplitude a.
func tone(blocks int, hertz, a float64) []audio.Block {
	return signal(blocks, func(t float64) (float64, float64) {
		v := a * sine(hertz, t)
		return v, v
	})
}

func signal(blocks int, f func(t float64) (left, right float64)) []audio.Block {
	out := make([]audio.Block, blocks)
	for i := range blocks * audio.FrameSamples {
		l, r := f(float64(i) / audio.SampleRate)
		b := &out[i/audio.FrameSamples]
		b[2*(i%audio.FrameSamples)], b[2*(i%audio.FrameSamples)+1] = float32(l), float32(r)
	}
	return out
}

// run sends all of in through s, drains it, and returns the left and right side.
func run(s *stretch.Stretcher, in []audio.Block) (left, right []float64) {
	var b audio.Block
	add := func(n int) {
		for i := range n {
			left = append(left, float64(b[2*i]))
			right = append(right, float64(b[2*i+1]))
		}
	}
	for i := range in {
		s.Push(&in[i])
		for s.Pull(&b) {
			add(audio.FrameSamples)
		}
	}
	for n := s.Drain(&b); n > 0; n = s.Drain(&b) {
		add(n)
	}
	return left, right
}

// fit finds the sine of the given frequency in x by least squares and returns its
// amplitude and the ratio of what else there is to it, in dB.
func fit(x []float64, hertz float64) (amplitude, noise float64) {
	var ss, cc, sc, xs, xc float64
	w := 2 * math.Pi * hertz / audio.SampleRate
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		ss, cc, sc = ss+s*s, cc+c*c, sc+s*c
		xs, xc = xs+v*s, xc+v*c
	}
	det := ss*cc - sc*sc
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	var rest, all float64
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		y := a*s + b*c
		rest += (v - y) * (v - y)
		all += y * y
	}
	return math.Hypot(a, b), 10 * math.Log10(rest/all)
}

// pitch is the frequency of the strongest sine in x near hertz, to a hundredth of a hertz.
func pitch(x []float64, hertz float64) float64 {
	x = windowed(x)
	low, high := hertz*0.98, hertz*1.02
	for range 4 {
		best, at := 0.0, low
		stepping := (high - low) / 20
		for f := low; f <= high; f += stepping {
			if a := transform(x, f); a > best {
				best, at = a, f
			}
		}
		low, high = at-stepping, at+stepping
	}
	return (low + high) / 2
}

// power is the windowed Fourier transform of x at one frequency.
func power(x []float64, hertz float64) float64 { return transform(windowed(x), hertz) }

func windowed(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v * (0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(x))))
	}
	return y
}

func transform(x []float64, hertz float64) float64 {
	var sum complex128
	turn, step := complex(1, 0), cmplx.Rect(1, -2*math.Pi*hertz/audio.SampleRate)
	for _, v := range x {
		sum += complex(v, 0) * turn
		turn *= step
	}
	return cmplx.Abs(sum) * 4 / float64(len(x))
}

// rms in dB of full scale of a sine.
func level(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return 10 * math.Log10(2*sum/float64(len(x)))
}
