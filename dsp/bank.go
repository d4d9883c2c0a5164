package dsp

import "busker/audio"

const (
	// stretchSamples are worked on at a time, so that what passes from band to band
	// stays in the first cache.
	stretchSamples = 96
	stretch2       = audio.Channels * stretchSamples
)

// work is a stretch of interleaved samples.
type work [stretch2]float64

// pair holds the last two outputs of a band-pass, left and right.
type pair struct{ l1, l2, r1, r2 float64 }

// plainBank is the bank in plain Go. It counts in float64, which costs no more than
// float32 where one number is worked on at a time, and the lowest bands need it.
//
// Each band runs without alpha, y[n] = d[n] + gamma*y[n-1] - beta*y[n-2], with d[n] =
// x[n]-x[n-2] that all share; alpha is in the weights.
type plainBank struct {
	input  pair // last inputs
	states [Bands]pair
}

func newPlainBank() *plainBank { return &plainBank{} }

func (p *plainBank) reset() { *p = plainBank{} }

func (p *plainBank) settle() {
	flush(&p.input.l1, &p.input.l2, &p.input.r1, &p.input.r2)
	for i := range p.states {
		s := &p.states[i]
		flush(&s.l1, &s.l2, &s.r1, &s.r2)
	}
}

func (p *plainBank) add(b *audio.Block, from, to *weights) {
	var bands [Bands]int
	n := p.active(&bands, from, to)
	var d, sum work
	for at := 0; at < len(b); at += stretch2 {
		x := (*[stretch2]float32)(b[at:])
		p.input.differ(x, &d, &sum)
		if *from == *to {
			p.steady(&d, &sum, bands[:n], to)
		} else {
			p.glide(&d, &sum, bands[:n], at, from, to)
		}
		for i := range x {
			x[i] = float32(sum[i])
		}
	}
}

// active lists the bands that are heard. Those that were not begin anew.
func (p *plainBank) active(bands *[Bands]int, from, to *weights) (n int) {
	for i := range Bands {
		if from[i] == 0 {
			p.states[i] = pair{}
		}
		if from[i] != 0 || to[i] != 0 {
			bands[n] = i
			n++
		}
	}
	return n
}

// steady runs two bands at a time: enough independent work to hide how long a
// multiplication takes, and few enough numbers for the registers.
func (p *plainBank) steady(d, sum *work, bands []int, by *weights) {
	for ; len(bands) > 1; bands = bands[2:] {
		i, j := bands[0], bands[1]
		addTwo(d, sum, &bandPasses[i], &bandPasses[j], by[i], by[j], &p.states[i], &p.states[j])
	}
	for _, i := range bands {
		addGliding(d, sum, &bandPasses[i], by[i], 0, &p.states[i])
	}
}

func (p *plainBank) glide(d, sum *work, bands []int, at int, from, to *weights) {
	for _, i := range bands {
		step := (to[i] - from[i]) / float64(audio.FrameSamples)
		addGliding(d, sum, &bandPasses[i], from[i]+step*float64(at/audio.Channels), step, &p.states[i])
	}
}

// differ fills d with x[n]-x[n-2] and sum with x.
func (s *pair) differ(x *[stretch2]float32, d, sum *work) {
	l1, l2, r1, r2 := s.l1, s.l2, s.r1, s.r2
	for i := 0; i < len(x)-1; i += 2 {
		l, r := float64(x[i]), float64(x[i+1])
		d[i], d[i+1] = l-l2, r-r2
		sum[i], sum[i+1] = l, r
		l2, l1, r2, r1 = l1, l, r1, r
	}
	s.l1, s.l2, s.r1, s.r2 = l1, l2, r1, r2
}

// addGliding adds one band; its weight grows by step per sample.
func addGliding(d, sum *work, c *bandPass, weight, step float64, s *pair) {
	l1, l2, r1, r2 := s.l1, s.l2, s.r1, s.r2
	for i := 0; i < len(d)-1; i += 2 {
		weight += step
		l := d[i] - c.beta*l2 + c.gamma*l1
		r := d[i+1] - c.beta*r2 + c.gamma*r1
		sum[i] += weight * l
		sum[i+1] += weight * r
		l2, l1, r2, r1 = l1, l, r1, r
	}
	*s = pair{l1, l2, r1, r2}
}

// addTwo adds two bands, two samples a turn so that no state has to move.
func addTwo(d, sum *work, c, e *bandPass, v, w float64, s, t *pair) {
	g, b, h, a := c.gamma, c.beta, e.gamma, e.beta
	l1, l2, r1, r2 := s.l1, s.l2, s.r1, s.r2
	m1, m2, q1, q2 := t.l1, t.l2, t.r1, t.r2
	for i := 0; i < len(d)-3; i += 4 {
		x, y := d[i], d[i+1]
		l2 = x - b*l2 + g*l1
		r2 = y - b*r2 + g*r1
		m2 = x - a*m2 + h*m1
		q2 = y - a*q2 + h*q1
		sum[i] += v*l2 + w*m2
		sum[i+1] += v*r2 + w*q2
		x, y = d[i+2], d[i+3]
		l1 = x - b*l1 + g*l2
		r1 = y - b*r1 + g*r2
		m1 = x - a*m1 + h*m2
		q1 = y - a*q1 + h*q2
		sum[i+2] += v*l1 + w*m1
		sum[i+3] += v*r1 + w*q1
	}
	*s = pair{l1, l2, r1, r2}
	*t = pair{m1, m2, q1, q2}
}
