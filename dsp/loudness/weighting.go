package loudness

import "busker/audio"

// weighting is the K-weighting of one side: a shelf for the head's effect and a high-pass,
// in transposed direct form. Coefficients are those of BS.1770-4 for 48 kHz.
type weighting struct{ shelf, pass [2]float64 }

const (
	shelfB0, shelfB1, shelfB2 = 1.53512485958697, -2.69169618940638, 1.19839281085285
	shelfA1, shelfA2          = -1.69065929318241, 0.73248077421585
	passA1, passA2            = -1.99004745483398, 0.99007225036621
)

// weigh filters interleaved x and returns the sum of the squares of both sides.
func weigh(left, right *weighting, x []float32) (energy float64) {
	s1, s2, p1, p2 := left.shelf[0], left.shelf[1], left.pass[0], left.pass[1]
	t1, t2, q1, q2 := right.shelf[0], right.shelf[1], right.pass[0], right.pass[1]
	for i := 0; i+audio.Channels <= len(x); i += audio.Channels {
		l, r := float64(x[i]), float64(x[i+1])
		v, w := shelfB0*l+s1, shelfB0*r+t1
		s1, t1 = shelfB1*l-shelfA1*v+s2, shelfB1*r-shelfA1*w+t2
		s2, t2 = shelfB2*l-shelfA2*v, shelfB2*r-shelfA2*w
		y, z := v+p1, w+q1
		p1, q1 = -2*v-passA1*y+p2, -2*w-passA1*z+q2
		p2, q2 = v-passA2*y, w-passA2*z
		energy += y*y + z*z
	}
	*left = weighting{[2]float64{s1, s2}, [2]float64{p1, p2}}
	*right = weighting{[2]float64{t1, t2}, [2]float64{q1, q2}}
	left.flush()
	right.flush()
	return energy
}

// flush ends what decays for ever, before it becomes denormal and slow.
func (w *weighting) flush() {
	const inaudible = 1e-15
	for _, s := range [...]*float64{&w.shelf[0], &w.shelf[1], &w.pass[0], &w.pass[1]} {
		if *s < inaudible && *s > -inaudible {
			*s = 0
		}
	}
}
