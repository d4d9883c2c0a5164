package dsp

import (
	"math"
	"sync"

	"busker/audio"
)

const (
	// baseTaps is the length of the low-pass in samples of the lower rate. With
	// attenuation it sets the width of the transition (see newKernel): 44.1 kHz
	// audio is flat to 20 kHz and gone at 22.05 kHz.
	baseTaps = 128
	// attenuation of the stop band, in dB.
	attenuation = 97
	// maxPhases bounds the table: ratios with more phases than this interpolate
	// between finePhases of them, which is as exact (-110 dB) and twice the work.
	maxPhases, finePhases = 640, 512
)

// kernel is a windowed sinc, cut into phases: row p holds the taps for an output
// that lies p/phases of an input sample behind the middle tap. Kernels do not
// change once made, and streams of the same common rate share one.
type kernel struct {
	taps   int
	phases int
	exact  bool      // every output of this ratio lies on a phase
	rows   []float32 // phases rows of taps; one row more when not exact
}

// common are the rates whose kernels stay in memory once used: a set of known
// size, whatever rates the files of the world claim.
var common = func() map[int]func() *kernel {
	m := make(map[int]func() *kernel)
	for _, rate := range []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000} {
		m[rate] = sync.OnceValue(func() *kernel { return newKernel(rate) })
	}
	return m
}()

func kernelFor(from int) *kernel {
	if k, ok := common[from]; ok {
		return k()
	}
	return newKernel(from)
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
	scale := max(1, float64(from)/audio.SampleRate) // input samples per sample of the lower rate
	k.taps = 4 * int(math.Ceil(baseTaps*scale/4))
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

// at returns the output phase/up of a sample behind the middle of x, which holds
// k.taps samples.
func (k *kernel) at(x []float32, phase, up int) float32 {
	if k.exact {
		return dot(x, k.rows[phase*k.taps:(phase+1)*k.taps])
	}
	p, rest := phase*k.phases/up, phase*k.phases%up
	a := dot(x, k.rows[p*k.taps:(p+1)*k.taps])
	b := dot(x, k.rows[(p+1)*k.taps:(p+2)*k.taps])
	return a + (b-a)*float32(rest)/float32(up)
}

// dot adds up in four lanes, for speed and for less rounding. len(x) is a
// multiple of 4 and at most len(y).
func dot(x, y []float32) float32 {
	var a, b, c, d float32
	y = y[:len(x)]
	for len(x) >= 4 && len(y) >= 4 {
		a += x[0] * y[0]
		b += x[1] * y[1]
		c += x[2] * y[2]
		d += x[3] * y[3]
		x, y = x[4:], y[4:]
	}
	return (a + c) + (b + d)
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
