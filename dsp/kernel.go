package dsp

import (
	"math"

	"busker/audio"
)

const (
	// baseTaps is the length of the low-pass in samples of the lower rate. With
	// attenuation it sets the width of the transition (see newKernel): flat to 0.87
	// of half the lower rate, and gone at half. Work grows with it.
	baseTaps = 96
	// attenuation of the stop band, in dB.
	attenuation = 97
	// maxPhases bounds the table: ratios with more phases than this interpolate
	// between finePhases of them, which is as exact (-110 dB) and twice the work.
	maxPhases, finePhases = 640, 512
)

// kernel is a windowed sinc, cut into phases: row p holds the taps for an output
// that lies p/phases of an input sample behind the middle tap. Kernels do not
// change once made.
type kernel struct {
	taps   int
	phases int
	exact  bool      // every output of this ratio lies on a phase
	rows   []float32 // phases rows of taps; one row more when not exact
}

// newKernel designs the low-pass for from hertz by Kaiser's formulas: its stop
// band begins at half the lower rate, so that neither images (going up) nor
// aliases (going down) stay, and its transition lies wholly below.
func newKernel(from int) *kernel {
	up := audio.SampleRate / gcd(from, audio.SampleRate)
	k := &kernel{phases: up, exact: up <= maxPhases}
	if !k.exact {
		k.phases = finePhases
	}
	scale := max(1, float64(from)/audio.SampleRate)           // input samples per sample of the lower rate
	k.taps = 8 * int(math.Ceil(baseTaps*scale/8))             // a multiple of 8, for dot
	width := (attenuation - 7.95) / (14.36 * float64(k.taps)) // of the transition, in cycles per input sample
	cutoff := 0.5/scale - width/2
	beta := 0.1102 * (attenuation - 8.7)

	k.rows = make([]float32, (k.phases+1)*k.taps)
	row := make([]float64, k.taps)
	for p := range k.phases + 1 {
		k.fill(row, float64(p)/float64(k.phases), cutoff, beta)
		for i, v := range row {
			k.rows[p*k.taps+i] = float32(v)
		}
	}
	return k
}

// fill computes the taps for an output offset input samples behind the middle,
// scaled to pass a constant unchanged.
func (k *kernel) fill(row []float64, offset, cutoff, beta float64) {
	half := float64(k.taps) / 2
	sum := 0.0
	for i := range row {
		t := float64(i) - (half - 1) - offset // -half..half
		x := t / half
		row[i] = sinc(2*cutoff*t) * bessel(beta*math.Sqrt(max(0, 1-x*x)))
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
}

// row returns the taps for an output phase/up of a sample behind the middle: they
// are a, or lie between a and b, at weight.
func (k *kernel) row(phase, up int) (a, b []float32, weight float32) {
	if k.exact {
		return k.rows[phase*k.taps:][:k.taps], nil, 0
	}
	p, rest := phase*k.phases/up, phase*k.phases%up
	return k.rows[p*k.taps:][:k.taps], k.rows[(p+1)*k.taps:][:k.taps], float32(rest) / float32(up)
}

// dot returns the inner product of x and taps. It adds up in eight lanes, for
// speed and for less rounding; the length is a multiple of 8.
func dot(x, taps []float32) float32 {
	var a, b, c, d, e, f, g, h float32
	for len(x) >= 8 && len(taps) >= 8 {
		p, q := (*[8]float32)(x), (*[8]float32)(taps)
		a += p[0] * q[0]
		b += p[1] * q[1]
		c += p[2] * q[2]
		d += p[3] * q[3]
		e += p[4] * q[4]
		f += p[5] * q[5]
		g += p[6] * q[6]
		h += p[7] * q[7]
		x, taps = x[8:], taps[8:]
	}
	return (a + c) + (b + d) + ((e + g) + (f + h))
}

// dot2 is dot for two channels at once, which loads the taps once: stereo takes
// little longer than mono.
func dot2(x, y, taps []float32) (float32, float32) {
	var a, b, c, d, e, f, g, h float32
	for len(x) >= 8 && len(y) >= 8 && len(taps) >= 8 {
		p, r, q := (*[8]float32)(x), (*[8]float32)(y), (*[8]float32)(taps)
		a += p[0] * q[0]
		e += r[0] * q[0]
		b += p[1] * q[1]
		f += r[1] * q[1]
		c += p[2] * q[2]
		g += r[2] * q[2]
		d += p[3] * q[3]
		h += r[3] * q[3]
		a += p[4] * q[4]
		e += r[4] * q[4]
		b += p[5] * q[5]
		f += r[5] * q[5]
		c += p[6] * q[6]
		g += r[6] * q[6]
		d += p[7] * q[7]
		h += r[7] * q[7]
		x, y, taps = x[8:], y[8:], taps[8:]
	}
	return (a + c) + (b + d), (e + g) + (f + h)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel is the modified Bessel function of the first kind, order zero, by its
// power series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for i := 1.0; term > sum*1e-16; i++ {
		term *= x / (2 * i) * x / (2 * i)
		sum += term
	}
	return sum
}
