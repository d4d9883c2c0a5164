package compose

import "math"

const (
	// Loudness is what every piece is brought to, in LUFS (ITU-R BS.1770).
	Loudness = -16.0
	// peakRoom is the highest sample it may then have: 3 dB of room for what a
	// codec adds.
	peakRoom = 0.7
)

// mix adds the reverb, sets the loudness, rounds off peaks and returns
// interleaved stereo.
func (s *stage) mix(length, wet float64) []float32 {
	n := int(length * Rate)
	s.grow(n)
	s.left, s.right = s.left[:n], s.right[:n]
	if wet > 0 {
		s.reverb(wet)
	}
	s.fadeOut(1.2)
	s.master()
	pcm := make([]float32, 0, 2*n)
	for i := range n {
		pcm = append(pcm, float32(s.left[i]), float32(s.right[i]))
	}
	return pcm
}

// master raises the piece to Loudness; since rounding peaks off lowers it again,
// it does so in a few steps.
func (s *stage) master() {
	for range 4 {
		gain := math.Pow(10, (Loudness-loudness(s.left, s.right))/20)
		for _, side := range [][]float64{s.left, s.right} {
			for i, x := range side {
				side[i] = soften(x * gain)
			}
		}
	}
}

// soften leaves quiet samples alone and bends those above ¾ of the ceiling so
// that none passes it.
func soften(x float64) float64 {
	const knee = 0.75 * peakRoom
	a := math.Abs(x)
	if a <= knee {
		return x
	}
	return math.Copysign(knee+(peakRoom-knee)*math.Tanh((a-knee)/(peakRoom-knee)), x)
}

func (s *stage) fadeOut(seconds float64) {
	n := int(seconds * Rate)
	for i := max(0, len(s.left)-n); i < len(s.left); i++ {
		g := float64(len(s.left)-i) / float64(n)
		s.left[i] *= g * g
		s.right[i] *= g * g
	}
}

// reverb is Schroeder's: parallel combs with damping, then all-passes, with
// slightly other lengths on the right for width.
func (s *stage) reverb(wet float64) {
	for side, out := range [][]float64{s.left, s.right} {
		combs := [...]*comb{{length: 1687}, {length: 1601}, {length: 2053}, {length: 2251}, {length: 1777}, {length: 1949}}
		for _, c := range combs {
			c.line = make([]float64, c.length+side*37)
		}
		passes := []*allpass{{line: make([]float64, 605+side*37)}, {line: make([]float64, 480+side*37)}, {line: make([]float64, 371+side*37)}}
		for i := range out {
			x, y := s.send[i], 0.0
			for _, c := range combs {
				y += c.next(x)
			}
			for _, a := range passes {
				y = a.next(y)
			}
			out[i] += wet * y / float64(len(combs)) * 2
		}
	}
}

type comb struct {
	length int // samples
	line   []float64
	at     int
	low    float64
}

func (c *comb) next(x float64) float64 {
	const feedback, damp = 0.84, 0.35
	y := c.line[c.at]
	c.low += (1 - damp) * (y - c.low)
	c.line[c.at] = x + feedback*c.low
	c.at = (c.at + 1) % len(c.line)
	return y
}

type allpass struct {
	line []float64
	at   int
}

func (a *allpass) next(x float64) float64 {
	y := a.line[a.at] - 0.5*x
	a.line[a.at] = x + 0.5*y
	a.at = (a.at + 1) % len(a.line)
	return y
}
