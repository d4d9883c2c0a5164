// Package fourier transforms blocks of numbers between time and frequency, for filters
// that would be dearer in time. It knows nothing of what the numbers mean, keeps no state
// and allocates nothing after New.
package fourier

import "math"

// Complex is a complex number. (The product of two complex64 takes a detour by float64.)
type Complex struct{ Re, Im float32 }

// Transform is for sequences of one length. Powers of different primes are axes of their
// own (Good and Thomas), so that only the stages inside of one axis need twiddle factors.
// It does not change once made, and may be used by many at a time.
type Transform struct {
	// From and To tell the orders, which are scrambled: at index i, Run takes sample
	// From[i] and leaves frequency To[i], in cycles per length.
	From, To []uint16
	stages   []stage
}

// stage transforms along the first axis of an array and makes it the last.
type stage struct {
	radix int
	turns []Complex // twiddle factors of outputs 1.. of each butterfly, if there are any
}

// Smooth reports whether n has no prime factors above 7.
func Smooth(n int) bool {
	for _, p := range []int{2, 3, 5, 7} {
		for n%p == 0 {
			n /= p
		}
	}
	return n == 1
}

// New returns the transform of a Smooth length up to 65536.
func New(n int) *Transform {
	f := &Transform{From: make([]uint16, n), To: make([]uint16, n)}
	after := n // the product of the axes that follow
	for _, p := range []int{2, 3, 5, 7} {
		size := 1
		for n/size%p == 0 {
			size *= p
		}
		if size == 1 {
			continue
		}
		after /= size
		radices := split(size, p)
		f.addAxis(size, radices)
		unit := n / size // is 1 in this axis and 0 in all others
		for unit%size != 1 {
			unit += n / size
		}
		for i := range n {
			at := i / after % size
			f.From[i] = uint16((int(f.From[i]) + at*(n/size)) % n)
			f.To[i] = uint16((int(f.To[i]) + reversed(at, size, radices)*unit) % n)
		}
	}
	return f
}

// split factors size, a power of p, into what there are butterflies for.
func split(size, p int) (radices []int) {
	for size > 1 {
		r := p
		switch {
		case p == 2 && size >= 8 && size != 16:
			r = 8
		case p == 2 && size >= 4:
			r = 4
		}
		radices = append(radices, r)
		size /= r
	}
	return radices
}

func (f *Transform) addAxis(size int, radices []int) {
	for _, r := range radices {
		s := stage{radix: r}
		if size > r {
			s.turns = turns(len(f.From), size, r)
		}
		f.stages = append(f.stages, s)
		size /= r
	}
}

// turns returns the twiddle factors between a stage and the rest of its axis, in a
// transform of n numbers.
func turns(n, size, radix int) []Complex {
	all := make([]Complex, 0, n/radix*(radix-1))
	run := n / size // of butterflies that have the same
	for i := range n / radix {
		for k := 1; k < radix; k++ {
			s, c := math.Sincos(-2 * math.Pi * float64(i/run*k) / float64(size))
			all = append(all, Complex{float32(c), float32(s)})
		}
	}
	return all
}

// reversed is the frequency that the stages of an axis leave at index at.
func reversed(at, size int, radices []int) (k int) {
	unit := 1
	for _, r := range radices {
		size /= r
		k += at / size * unit
		at %= size
		unit *= r
	}
	return k
}

// Run transforms x with y as room and returns which of the two holds the result and which
// is free.
func (f *Transform) Run(x, y []Complex) (result, free []Complex) {
	for i := range f.stages {
		f.stages[i].run(y, x)
		x, y = y, x
	}
	return x, y
}

func (s *stage) run(y, x []Complex) {
	switch s.radix {
	case 2:
		two(y, x)
	case 3:
		three(y, x, s.turns)
	case 4:
		four(y, x, s.turns)
	case 5:
		five(y, x, s.turns)
	case 7:
		seven(y, x, s.turns)
	case 8:
		eight(y, x, s.turns)
	}
}
