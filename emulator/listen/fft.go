package listen

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fft transforms x in place (radix 2, decimation in time). The length must be a
// power of two. The inverse is not scaled.
func fft(x []complex128, inverse bool) {
	n := len(x)
	if n < 2 {
		return
	}
	shift := bits.LeadingZeros(uint(n)) + 1
	for i := range x {
		if j := int(bits.Reverse(uint(i)) >> shift); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	turns := twiddles(n, inverse)
	for size := 2; size <= n; size *= 2 {
		half, stride := size/2, n/size
		for start := 0; start < n; start += size {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*turns[k*stride]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}

// twiddles returns the first half of the nth roots of unity.
func twiddles(n int, inverse bool) []complex128 {
	sign := -1.0
	if inverse {
		sign = 1
	}
	t := make([]complex128, n/2)
	for k := range t {
		t[k] = cmplx.Rect(1, sign*2*math.Pi*float64(k)/float64(n))
	}
	return t
}
