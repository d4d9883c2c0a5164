package fourier

func (a Complex) add(b Complex) Complex { return Complex{a.Re + b.Re, a.Im + b.Im} }

func (a Complex) sub(b Complex) Complex { return Complex{a.Re - b.Re, a.Im - b.Im} }

func (a Complex) times(x float32) Complex { return Complex{x * a.Re, x * a.Im} }

// plus is a + x·b.
func (a Complex) plus(x float32, b Complex) Complex { return Complex{a.Re + x*b.Re, a.Im + x*b.Im} }

// by is the product of complex numbers.
func (a Complex) by(b Complex) Complex {
	return Complex{a.Re*b.Re - a.Im*b.Im, a.Re*b.Im + a.Im*b.Re}
}

// around is a - i·b and a + i·b.
func (a Complex) around(b Complex) (minus, plus Complex) {
	return Complex{a.Re + b.Im, a.Im - b.Re}, Complex{a.Re - b.Im, a.Im + b.Re}
}

// The butterflies below each read an array of r rows, transform its columns, and write
// them, turned if there is anything to turn by, as rows of r. They need that len(x) = len(y)
// is a multiple of r.

func two(y, x []Complex) {
	n := len(x) / 2
	x0, x1 := x[:n], x[n:][:n]
	for i := range x0 {
		o := (*[2]Complex)(y[2*i:])
		o[0], o[1] = x0[i].add(x1[i]), x0[i].sub(x1[i])
	}
}

func three(y, x, turns []Complex) {
	const c, s = -0.5, 0.86602540378443864676 // of a third of a turn
	n := len(x) / 3
	x0, x1, x2 := x[:n], x[n:][:n], x[2*n:][:n]
	for i := range x0 {
		o := (*[3]Complex)(y[3*i:])
		a, b, d := x0[i], x1[i].add(x2[i]), x1[i].sub(x2[i])
		o[0] = a.add(b)
		o[1], o[2] = a.plus(c, b).around(d.times(s))
		if len(turns) > 0 {
			w := (*[2]Complex)(turns[2*i:])
			o[1], o[2] = o[1].by(w[0]), o[2].by(w[1])
		}
	}
}

func four(y, x, turns []Complex) {
	n := len(x) / 4
	x0, x1, x2, x3 := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n]
	for i := range x0 {
		o := (*[4]Complex)(y[4*i:])
		a, b := x0[i].add(x2[i]), x0[i].sub(x2[i])
		c, d := x1[i].add(x3[i]), x1[i].sub(x3[i])
		o[0], o[2] = a.add(c), a.sub(c)
		o[1], o[3] = b.around(d)
		if len(turns) > 0 {
			w := (*[3]Complex)(turns[3*i:])
			o[1], o[2], o[3] = o[1].by(w[0]), o[2].by(w[1]), o[3].by(w[2])
		}
	}
}

func five(y, x, turns []Complex) {
	const ( // of one and two fifths of a turn
		c1, s1 = 0.30901699437494742410, 0.95105651629515357212
		c2, s2 = -0.80901699437494742410, 0.58778525229247312917
	)
	n := len(x) / 5
	x0, x1, x2, x3, x4 := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n], x[4*n:][:n]
	for i := range x0 {
		o := (*[5]Complex)(y[5*i:])
		a := x0[i]
		b1, d1 := x1[i].add(x4[i]), x1[i].sub(x4[i])
		b2, d2 := x2[i].add(x3[i]), x2[i].sub(x3[i])
		o[0] = a.add(b1).add(b2)
		o[1], o[4] = a.plus(c1, b1).plus(c2, b2).around(d1.times(s1).plus(s2, d2))
		o[2], o[3] = a.plus(c2, b1).plus(c1, b2).around(d1.times(s2).plus(-s1, d2))
		if len(turns) > 0 {
			w := (*[4]Complex)(turns[4*i:])
			o[1], o[2], o[3], o[4] = o[1].by(w[0]), o[2].by(w[1]), o[3].by(w[2]), o[4].by(w[3])
		}
	}
}

func seven(y, x, turns []Complex) {
	const ( // of one to three sevenths of a turn
		c1, s1 = 0.62348980185873353053, 0.78183148246802980871
		c2, s2 = -0.22252093395631440429, 0.97492791218182360702
		c3, s3 = -0.90096886790241912624, 0.43388373911755812048
	)
	n := len(x) / 7
	x0, x1, x2, x3 := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n]
	x4, x5, x6 := x[4*n:][:n], x[5*n:][:n], x[6*n:][:n]
	for i := range x0 {
		o := (*[7]Complex)(y[7*i:])
		a := x0[i]
		b1, d1 := x1[i].add(x6[i]), x1[i].sub(x6[i])
		b2, d2 := x2[i].add(x5[i]), x2[i].sub(x5[i])
		b3, d3 := x3[i].add(x4[i]), x3[i].sub(x4[i])
		o[0] = a.add(b1).add(b2).add(b3)
		o[1], o[6] = a.plus(c1, b1).plus(c2, b2).plus(c3, b3).around(d1.times(s1).plus(s2, d2).plus(s3, d3))
		o[2], o[5] = a.plus(c2, b1).plus(c3, b2).plus(c1, b3).around(d1.times(s2).plus(-s3, d2).plus(-s1, d3))
		o[3], o[4] = a.plus(c3, b1).plus(c1, b2).plus(c2, b3).around(d1.times(s3).plus(-s1, d2).plus(s2, d3))
		if len(turns) > 0 {
			w := (*[6]Complex)(turns[6*i:])
			o[1], o[2], o[3], o[4] = o[1].by(w[0]), o[2].by(w[1]), o[3].by(w[2]), o[4].by(w[3])
			o[5], o[6] = o[5].by(w[4]), o[6].by(w[5])
		}
	}
}

func eight(y, x, turns []Complex) {
	const h = 0.70710678118654752440 // cosine and sine of an eighth of a turn
	n := len(x) / 8
	x0, x1, x2, x3 := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n]
	x4, x5, x6, x7 := x[4*n:][:n], x[5*n:][:n], x[6*n:][:n], x[7*n:][:n]
	for i := range x0 {
		o := (*[8]Complex)(y[8*i:])
		a0, a4 := x0[i].add(x4[i]), x0[i].sub(x4[i])
		a1, a5 := x1[i].add(x5[i]), x1[i].sub(x5[i])
		a2, a6 := x2[i].add(x6[i]), x2[i].sub(x6[i])
		a3, a7 := x3[i].add(x7[i]), x3[i].sub(x7[i])

		b0, b2 := a0.add(a2), a0.sub(a2)
		b1, b3 := a1.add(a3), a1.sub(a3)
		o[0], o[4] = b0.add(b1), b0.sub(b1)
		o[2], o[6] = b2.around(b3)

		b0, b2 = a4.around(a6)
		a5 = Complex{h * (a5.Re + a5.Im), h * (a5.Im - a5.Re)}
		a7 = Complex{h * (a7.Im - a7.Re), -h * (a7.Re + a7.Im)}
		b1, b3 = a5.add(a7), a5.sub(a7)
		o[1], o[5] = b0.add(b1), b0.sub(b1)
		o[3], o[7] = b2.around(b3)
		if len(turns) > 0 {
			w := (*[7]Complex)(turns[7*i:])
			o[1], o[2], o[3], o[4] = o[1].by(w[0]), o[2].by(w[1]), o[3].by(w[2]), o[4].by(w[3])
			o[5], o[6], o[7] = o[5].by(w[4]), o[6].by(w[5]), o[7].by(w[6])
		}
	}
}
