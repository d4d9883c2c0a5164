package fourier_test

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"strconv"
	"testing"

	"busker/dsp/fourier"
)

// lengths have every butterfly, alone and in every place, and those of the resampler.
var lengths = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 25, 27, 32, 49, 64, 128, 210, 343, 512, 588, 1176, 1280, 1800}

func noise(n int) []fourier.Complex {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	x := make([]fourier.Complex, n)
	for i := range x {
		x[i] = fourier.Complex{Re: rng.Float32() - 0.5, Im: rng.Float32() - 0.5}
	}
	return x
}

// transform is what Run makes of x, in natural order on both sides.
func transform(f *fourier.Transform, x []fourier.Complex) []fourier.Complex {
	a, b := make([]fourier.Complex, len(x)), make([]fourier.Complex, len(x))
	for i, at := range f.From {
		a[i] = x[at]
	}
	result, free := f.Run(a, b)
	for i, k := range f.To {
		free[k] = result[i]
	}
	return free
}

func TestTransformIsTheSum(t *testing.T) {
	for _, n := range lengths {
		x := noise(n)
		got := transform(fourier.New(n), x)
		wrong, all := 0.0, 0.0
		for k := range n {
			var sum complex128
			for i, v := range x {
				sum += complex(float64(v.Re), float64(v.Im)) * cmplx.Rect(1, -2*math.Pi*float64(i*k%n)/float64(n))
			}
			d := cmplx.Abs(sum - complex(float64(got[k].Re), float64(got[k].Im)))
			wrong, all = wrong+d*d, all+real(sum)*real(sum)+imag(sum)*imag(sum)
		}
		if db := 10 * math.Log10(wrong/all+1e-30); db > -130 {
			t.Errorf("%d numbers: the error is at %.1f dB", n, db)
		}
	}
}

// With real and imaginary parts swapped on both sides, a transform undoes itself.
func TestSwappedIsInverse(t *testing.T) {
	swap := func(x []fourier.Complex) []fourier.Complex {
		for i, v := range x {
			x[i] = fourier.Complex{Re: v.Im, Im: v.Re}
		}
		return x
	}
	for _, n := range lengths {
		f := fourier.New(n)
		x := noise(n)
		got := swap(transform(f, swap(transform(f, x))))
		for i, v := range got {
			if d := math.Hypot(float64(v.Re/float32(n)-x[i].Re), float64(v.Im/float32(n)-x[i].Im)); d > 1e-6 {
				t.Fatalf("%d numbers: number %d is off by %v", n, i, d)
			}
		}
	}
}

func TestSmooth(t *testing.T) {
	for n, want := range map[int]bool{1: true, 2: true, 147: true, 11: false, 640: true, 44101: false, 999: false, 2 * 3 * 5 * 7: true} {
		if fourier.Smooth(n) != want {
			t.Errorf("%d: %v", n, !want)
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	f := fourier.New(1176)
	x, y := noise(1176), noise(1176)
	if n := testing.AllocsPerRun(10, func() { f.Run(x, y) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTransform(b *testing.B) {
	for _, n := range []int{1176, 1280} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			f := fourier.New(n)
			from, x, y := noise(n), noise(n), noise(n)
			for b.Loop() {
				copy(x, from)
				f.Run(x, y)
			}
		})
	}
}
