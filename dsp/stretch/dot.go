package stretch

// The inner products add up in few lanes, in pairs: more of them would not fit into the
// registers. Slices of one call have one length, a multiple of 4.

// plainDot returns the inner product of x and y.
func plainDot(x, y []float32) float32 {
	var a, b float32
	y = y[:len(x)]
	for i := 0; i < len(x)-3; i += 4 {
		a += x[i]*y[i] + x[i+1]*y[i+1]
		b += x[i+2]*y[i+2] + x[i+3]*y[i+3]
	}
	return a + b
}

// plainDot2 is plainDot of two channels with one row of taps.
func plainDot2(x, y, taps []float32) (left, right float32) {
	var a, b, c, d float32
	x, y = x[:len(taps)], y[:len(taps)]
	for i := 0; i < len(taps)-3; i += 4 {
		t, u := taps[i], taps[i+1]
		a += x[i]*t + x[i+1]*u
		c += y[i]*t + y[i+1]*u
		t, u = taps[i+2], taps[i+3]
		b += x[i+2]*t + x[i+3]*u
		d += y[i+2]*t + y[i+3]*u
	}
	return a + b, c + d
}

// plainBlend2 is plainDot2 with taps that lie between two rows, at weight from the first.
func plainBlend2(x, y, first, second []float32, weight float32) (left, right float32) {
	var a, b, c, d float32
	x, y, second = x[:len(first)], y[:len(first)], second[:len(first)]
	for i := 0; i < len(first)-3; i += 4 {
		t := first[i] + weight*(second[i]-first[i])
		u := first[i+1] + weight*(second[i+1]-first[i+1])
		a += x[i]*t + x[i+1]*u
		c += y[i]*t + y[i+1]*u
		t = first[i+2] + weight*(second[i+2]-first[i+2])
		u = first[i+3] + weight*(second[i+3]-first[i+3])
		b += x[i+2]*t + x[i+3]*u
		d += y[i+2]*t + y[i+3]*u
	}
	return a + b, c + d
}
