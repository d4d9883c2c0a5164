package stretch_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"busker/dsp/stretch"
)

// Under GOEXPERIMENT=simd the two are not the same code.
func TestInnerProductsAreThoseOfPlainGo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	row := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	same := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4 }
	for _, n := range []int{0, 4, 8, 12, 40, 44, 60, 160, 480} {
		x, y, first, second := row(n), row(n), row(n), row(n)
		if a, b := stretch.Dot(x, y), stretch.PlainDot(x, y); !same(a, b) {
			t.Errorf("dot of %d: %v, plain %v", n, a, b)
		}
		a, b := stretch.Dot2(x, y, first)
		if c, d := stretch.PlainDot2(x, y, first); !same(a, c) || !same(b, d) {
			t.Errorf("dot2 of %d: %v %v, plain %v %v", n, a, b, c, d)
		}
		a, b = stretch.Blend2(x, y, first, second, 0.3)
		if c, d := stretch.PlainBlend2(x, y, first, second, 0.3); !same(a, c) || !same(b, d) {
			t.Errorf("blend2 of %d: %v %v, plain %v %v", n, a, b, c, d)
		}
	}
}
