//go:build goexperiment.simd && amd64

package stretch

import "simd/archsimd"

// vectors says that the processor has what the inner products below need.
var vectors = archsimd.X86.AVX2() && archsimd.X86.FMA()

func eight(x []float32) archsimd.Float32x8 { return archsimd.LoadFloat32x8((*[8]float32)(x)) }

// sum adds the lanes of two vectors up. Vectors end here: plain code would be slow while
// their upper halves are in use, so what is left of a row comes after.
func sum(v, w archsimd.Float32x8) (a, b float32) {
	var l, m [4]float32
	v.GetLo().Add(v.GetHi()).Store(&l)
	w.GetLo().Add(w.GetHi()).Store(&m)
	archsimd.ClearAVXUpperBits()
	return (l[0] + l[2]) + (l[1] + l[3]), (m[0] + m[2]) + (m[1] + m[3])
}

func dot(x, y []float32) float32 {
	if !vectors {
		return plainDot(x, y)
	}
	v, w := archsimd.BroadcastFloat32x8(0), archsimd.BroadcastFloat32x8(0)
	for len(x) >= 16 && len(y) >= 16 {
		v = eight(x).MulAdd(eight(y), v)
		w = eight(x[8:]).MulAdd(eight(y[8:]), w)
		x, y = x[16:], y[16:]
	}
	a, b := sum(v, w)
	return a + b + plainDot(x, y)
}

func dot2(x, y, taps []float32) (left, right float32) {
	if !vectors {
		return plainDot2(x, y, taps)
	}
	v, w := archsimd.BroadcastFloat32x8(0), archsimd.BroadcastFloat32x8(0)
	for len(taps) >= 8 && len(x) >= 8 && len(y) >= 8 {
		t := eight(taps)
		v = eight(x).MulAdd(t, v)
		w = eight(y).MulAdd(t, w)
		x, y, taps = x[8:], y[8:], taps[8:]
	}
	left, right = sum(v, w)
	if len(taps) == 0 {
		return left, right
	}
	a, b := plainDot2(x, y, taps)
	return left + a, right + b
}

func blend2(x, y, first, second []float32, weight float32) (left, right float32) {
	if !vectors {
		return plainBlend2(x, y, first, second, weight)
	}
	v, w := archsimd.BroadcastFloat32x8(0), archsimd.BroadcastFloat32x8(0)
	share := archsimd.BroadcastFloat32x8(weight)
	for len(first) >= 8 && len(second) >= 8 && len(x) >= 8 && len(y) >= 8 {
		t := eight(first)
		t = eight(second).Sub(t).MulAdd(share, t)
		v = eight(x).MulAdd(t, v)
		w = eight(y).MulAdd(t, w)
		x, y, first, second = x[8:], y[8:], first[8:], second[8:]
	}
	left, right = sum(v, w)
	if len(first) == 0 {
		return left, right
	}
	a, b := plainBlend2(x, y, first, second, weight)
	return left + a, right + b
}
