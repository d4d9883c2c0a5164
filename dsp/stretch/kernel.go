package stretch

import (
	"math"
	"sync"
)

const (
	// phases is how many places between two samples the table of a kernel knows. Every
	// ratio of two decimals, as people choose them, lands on these places only; other
	// ratios interpolate between two of them, exact to -100 dB.
	phases = 300
	// baseTaps is the length of the low-pass at ratios up to 1; it grows with the ratio.
	// The pass band ends at 18.4 kHz of the slower side; 56 taps would end it at 20 kHz
	// for two fifths more work.
	baseTaps = 40
	// maxTaps is the length at the highest ratio.
	maxTaps = baseTaps * maxRatio
	// attenuation of the stop band, in dB.
	attenuation = 92
	// stopEdge is where the stop band begins, in cycles per sample of the slower side.
	// What lies above half a cycle folds to 22.5 kHz and higher.
	stopEdge = 0.53
)

// kernel is a windowed sinc for ratios up to scale, cut into phases: row p holds the taps
// for an output p/phases of a sample behind the middle tap; one row more ends the last
// interval. Kernels do not change once made and are shared by all Stretchers.
type kernel struct {
	taps int
	rows []float32
}

// ladder holds the ratios there are kernels for: the pass band of a ratio between two of
// them ends up to a sixth lower than it might.
var ladder = [...]float64{1, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.75, 2, 2.25, 2.5, 3, 3.5, maxRatio}

var kernels = func() (all [len(ladder)]func() *kernel) {
	for i, scale := range ladder {
		all[i] = sync.OnceValue(func() *kernel { return newKernel(scale) })
	}
	return all
}()

// kernelFor returns the kernel that lets no alias through at ratio. The first use of a
// kernel in a process computes it, in about a millisecond.
func kernelFor(ratio float64) *kernel {
	for i, scale := range ladder {
		if ratio <= scale*1.005 {
			return kernels[i]()
		}
	}
	return kernels[len(kernels)-1]()
}

// newKernel designs the low-pass by Kaiser's formulas.
func newKernel(scale float64) *kernel {
	k := &kernel{taps: 4 * int(math.Ceil(baseTaps*scale/4))} // a multiple of 4, for dot
	width := (attenuation - 7.95) / (14.36 * float64(k.taps))
	cutoff := stopEdge/scale - width/2
	beta := 0.1102 * (attenuation - 8.7)

	k.rows = make([]float32, (phases+1)*k.taps)
	row := make([]float64, k.taps)
	for p := range phases + 1 {
		fill(row, float64(p)/phases, cutoff, beta)
		for i, v := range row {
			k.rows[p*k.taps+i] = float32(v)
		}
	}
	return k
}

// fill computes the taps for an output offset samples behind the middle tap, scaled to
// pass a constant unchanged.
func fill(row []float64, offset, cutoff, beta float64) {
	half := float64(len(row)) / 2
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

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel is the modified Bessel function of the first kind, order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for i := 1.0; term > sum*1e-12; i++ {
		term *= x / (2 * i) * x / (2 * i)
		sum += term
	}
	return sum
}
