//go:build !goexperiment.simd || !amd64

package stretch

func dot(x, y []float32) float32 { return plainDot(x, y) }

func dot2(x, y, taps []float32) (left, right float32) { return plainDot2(x, y, taps) }

func blend2(x, y, first, second []float32, weight float32) (left, right float32) {
	return plainBlend2(x, y, first, second, weight)
}
