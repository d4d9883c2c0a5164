package truepeak_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"busker/dsp/truepeak"
)

const frames = 960

// stereo has f on the left and nothing on the right.
func stereo(f func(i int) float64) []float32 {
	x := make([]float32, (frames+truepeak.Lead)*2)
	for i := range frames + truepeak.Lead {
		x[2*i] = float32(f(i))
	}
	return x
}

func scan(x []float32, floor float32) (highest float32) {
	peaks := make([]float32, frames/truepeak.Slot)
	truepeak.Scan(peaks, x, floor)
	for _, p := range peaks {
		highest = max(highest, p)
	}
	return highest
}

func TestPeakOfATone(t *testing.T) {
	for _, hertz := range []float64{20, 997, 5000, 12000, 15000, 18000, 20000} {
		for _, phase := range []float64{0, 0.1, 0.25, 0.4} {
			got := scan(stereo(func(i int) float64 {
				return 0.9 * math.Sin(2*math.Pi*(hertz*float64(i)/48000+phase))
			}), 0.5)
			if db := 20 * math.Log10(float64(got)/0.9); math.Abs(db) > 0.1 {
				t.Errorf("%v Hz, phase %v: %.3f dB off", hertz, phase, db)
			}
		}
	}
}

// A quarter of the rate at 45 degrees never has a sample above -3 dB of its peak.
func TestPeakBetweenSamples(t *testing.T) {
	x := stereo(func(i int) float64 { return math.Sin(math.Pi/2*float64(i) + math.Pi/4) })
	if got := scan(x, 0.9); math.Abs(float64(got)-1) > 0.005 {
		t.Errorf("peak %.4f, not 1", got)
	}
	peaks := make([]float32, frames/truepeak.Slot)
	truepeak.Samples(peaks, x[truepeak.Lead:])
	if math.Abs(float64(peaks[3])-math.Sqrt2/2) > 1e-4 {
		t.Errorf("sample peak %.4f", peaks[3])
	}
}

// Nothing that 20 kHz can hold is overlooked although few places are looked at.
func TestNoiseAgainstEveryPlace(t *testing.T) {
	seeds := uint64(60)
	if racing {
		seeds = 5 // every pole once
	}
	var audible [2*reach + 1]float64 // nothing above 20 kHz
	for k := range audible {
		d := float64(k - reach)
		audible[k] = 2 * 0.41 * sinc(2*0.41*d) * hann(d, reach+1)
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 0))
		x := stereo(func(int) float64 { return 0 })
		total := len(x) / 2
		pole, smooth := float64(seed%5)*0.2, 0.0
		noise := make([]float64, total+2*reach)
		for i := range noise {
			smooth = pole*smooth + (1-pole)*0.4*r.NormFloat64()
			noise[i] = smooth
		}
		for i := range total {
			for k, h := range audible {
				x[2*i] += float32(noise[min(i+k, len(noise)-1)] * h)
			}
			x[2*i] *= float32(math.Pow(math.Sin(math.Pi*float64(i)/float64(total)), 0.2)) // no edges
		}
		want := 0.0
		for i := range frames {
			for k := range 8 {
				want = max(want, math.Abs(at(x, float64(i+truepeak.Lead/2)+float64(k)/8)))
			}
		}
		got := float64(scan(x, float32(want)*0.9))
		if db := 20 * math.Log10(got/want); math.Abs(db) > 0.1 {
			t.Errorf("seed %d: %.3f dB off", seed, db)
		}
	}
}

const reach = 127

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func hann(d, half float64) float64 {
	c := math.Cos(math.Pi * d / (2 * half))
	return c * c
}

// at is the waveform on the left by a long windowed sinc.
func at(x []float32, t float64) (sum float64) {
	for i := int(t) - 30; i <= int(t)+31; i++ {
		if i < 0 || 2*i >= len(x) {
			continue
		}
		d := t - float64(i)
		sum += float64(x[2*i]) * sinc(d) * hann(d, 32)
	}
	return sum
}

func TestWhatIsNoNumberIsFound(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		x := stereo(func(i int) float64 {
			if i == 100 {
				return bad
			}
			return 0.1
		})
		if got := scan(x, 0.5); got <= math.MaxFloat32 {
			t.Errorf("%v: peak %v", bad, got)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, level := range []float64{0.05, 0.2, 0.5} {
		b.Run(fmt.Sprint(level), func(b *testing.B) {
			x := make([]float32, (960+truepeak.Lead)*2)
			s := 0.0
			for i := range x {
				s = 0.8*s + 0.6*level*r.NormFloat64()
				x[i] = float32(s)
			}
			peaks := make([]float32, 120)
			for b.Loop() {
				truepeak.Scan(peaks, x, 0.89)
			}
		})
	}
}
