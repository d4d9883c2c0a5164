package main

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// transform is Fourier's, in place; the length is a power of two (Cooley and Tukey).
func transform(x []complex128) {
	shift := 64 - bits.TrailingZeros(uint(len(x)))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < len(x); half *= 2 {
		turn := cmplx.Exp(complex(0, -math.Pi/float64(half)))
		for at := 0; at < len(x); at += 2 * half {
			w := complex(1, 0)
			for i := at; i < at+half; i++ {
				a, b := x[i], w*x[i+half]
				x[i], x[i+half] = a+b, a-b
				w *= turn
			}
		}
	}
}
