package dsp

import (
	"math"

	"busker/dsp/fourier"
)

// spectral converts block by block between spectra: it transforms a block, multiplies it
// with the filter, and transforms back to the length the block has at the other rate
// (overlap-save). That takes a third of the work of a polyphase filter as good, and a
// block of delay. Two channels go through one transform, as its real and imaginary part.
type spectral struct {
	plan     *plan
	channels int
	lanes    []lane
	have     int // frames in the lanes' histories
	skip     int // outputs to drop: the first block's before frame 0
	next     int // outputs of the last block that are to be given: from here
	end      int // to here
}

// lane is one or two channels.
type lane struct {
	history []fourier.Complex
	out     []fourier.Complex // the last block's outputs, in the order of plan.out
	free    []fourier.Complex
}

func newSpectral(p *plan, channels int) *spectral {
	s := &spectral{plan: p, channels: channels, lanes: make([]lane, (channels+1)/2)}
	longest := max(len(p.in.From), len(p.out.From))
	for i := range s.lanes {
		s.lanes[i] = lane{
			history: make([]fourier.Complex, len(p.in.From)),
			out:     make([]fourier.Complex, longest),
			free:    make([]fourier.Complex, longest),
		}
	}
	s.reset()
	return s
}

func (s *spectral) reset() {
	for _, l := range s.lanes {
		clear(l.history)
	}
	s.have, s.skip = s.plan.overlap, s.plan.late
	s.next, s.end = 0, 0
}

func (s *spectral) take(src []float32) int {
	frames := min(len(src)/s.channels, len(s.plan.in.From)-s.have)
	if frames == 0 {
		return 0
	}
	for i := range s.lanes {
		s.lanes[i].take(src[2*i:], s.channels, s.lanes[i].history[s.have:][:frames], s.channels-2*i > 1)
	}
	s.have += frames
	return frames * s.channels
}

// take fills h with the first or the first two of each frame's channels.
func (l *lane) take(src []float32, channels int, h []fourier.Complex, two bool) {
	if !two {
		for i := range h {
			h[i].Re = clean(src[i*channels])
		}
		return
	}
	for i := range h {
		f := (*[2]float32)(src[i*channels:])
		h[i] = fourier.Complex{Re: clean(f[0]), Im: clean(f[1])}
	}
}

func (s *spectral) pad() {
	for _, l := range s.lanes {
		clear(l.history[s.have:])
	}
	s.have = len(s.plan.in.From)
}

func (s *spectral) produce(dst []float32) (written int) {
	for written+s.channels <= len(dst) {
		if s.next == s.end && !s.convert() {
			break
		}
		frames := min(s.end-s.next, (len(dst)-written)/s.channels)
		for i := range s.lanes {
			s.lanes[i].give(dst[written+2*i:], s.channels, s.plan.place[s.next:][:frames], s.channels-2*i > 1)
		}
		s.next += frames
		written += frames * s.channels
	}
	return written
}

// give writes the outputs at places to the first or the first two of each frame's channels.
func (l *lane) give(dst []float32, channels int, places []uint16, two bool) {
	if !two {
		for i, at := range places {
			dst[i*channels] = l.out[at].Im
		}
		return
	}
	for i, at := range places {
		v := l.out[at]
		f := (*[2]float32)(dst[i*channels:])
		f[0], f[1] = v.Im, v.Re
	}
}

// convert makes the next block of output if its input is there.
func (s *spectral) convert() bool {
	p := s.plan
	if s.have < len(p.in.From) {
		return false
	}
	for i := range s.lanes {
		p.convert(&s.lanes[i])
		h := s.lanes[i].history
		copy(h, h[len(h)-p.overlap:])
	}
	s.have = p.overlap
	s.next, s.end = p.first+s.skip, p.first+p.hop
	s.skip = 0
	return true
}

// plan is what all streams of one ratio share. It does not change once made.
type plan struct {
	in, out *fourier.Transform
	bins    []bin    // what in's spectrum becomes, in the order out takes it
	place   []uint16 // where out leaves an output
	overlap int      // input frames a block shares with the one before
	first   int      // the first output of a block that no wrapped input reaches
	hop     int      // how many of these there are
	late    int      // how many of the first block's lie before frame 0
}

// bin is a place in a spectrum and the filter's gain there.
type bin struct {
	at   uint16
	gain float32
}

const (
	// blockTaps is the length of the low-pass in samples of the lower rate, at least.
	// With blockAttenuation, in dB, it makes 44.1 kHz audio flat to 19.9 kHz and lets
	// nothing through from 22.05 kHz on.
	blockTaps, blockAttenuation = 144, 110
	// longest is the most samples of a block, at the higher rate. It bounds what a
	// stream keeps: 60 KiB, and 30 KiB from 44.1 kHz.
	longest = 2560
)

// newPlan returns a plan for up/down in lowest terms, or nil: the ratio must be one of
// small primes and not too strange for a block.
func newPlan(up, down int) *plan {
	scale := max(1, float64(down)/float64(up))
	shared := int(math.Ceil(blockTaps * scale / float64(down)))
	blocks := split(up, down, shared)
	if blocks == 0 {
		return nil
	}
	p := &plan{
		in:      fourier.New(blocks * down),
		out:     fourier.New(blocks * up),
		overlap: shared * down,
		first:   shared * up / 2,
		hop:     (blocks - shared) * up,
	}
	p.late = shared*up - p.first
	p.place = make([]uint16, blocks*up)
	for i, t := range p.out.To {
		p.place[t] = uint16(i)
	}
	p.design(scale, float64(p.first*down)/float64(up))
	return p
}

// split returns how many times up and down the lengths of a block are: so many that the
// shared ones are an eighth, if there is room; 0 when there is no length.
func split(up, down, shared int) (blocks int) {
	if !fourier.Smooth(up) || !fourier.Smooth(down) {
		return 0
	}
	for n := 2 * shared; n*max(up, down) <= longest && blocks < 8*shared; n++ {
		if fourier.Smooth(n) {
			blocks = n
		}
	}
	return blocks
}

// design computes the gains of a windowed sinc that reaches half input samples to each
// side, as Kaiser's formulas have it: its stop band begins at half the lower rate.
func (p *plan) design(scale, half float64) {
	width := (blockAttenuation - 7.95) / (14.36 * 2 * half) // in cycles per input sample
	cutoff := 0.5/scale - width/2
	beta := 0.1102 * (blockAttenuation - 8.7)
	grid := scale / 4 // fine enough that all of the response's images lie in the stop band
	var taps []float64
	for t := 0.0; t <= half; t += grid {
		taps = append(taps, sinc(2*cutoff*t)*bessel(beta*math.Sqrt(1-t/half*t/half)))
	}
	n := len(p.in.From)
	gains := make([]float64, (min(n, len(p.out.From))+1)/2) // what lies above is 0
	for k := range gains {
		gains[k] = taps[0] / 2
		for i, v := range taps[1:] {
			gains[k] += v * math.Cos(2*math.Pi*float64(k)/float64(n)*float64(i+1)*grid)
		}
	}
	p.route(gains)
}

// route finds for every place of out's spectrum the one it comes from.
func (p *plan) route(gains []float64) {
	n := len(p.in.From)
	place := make([]uint16, n)
	for i, k := range p.in.To {
		place[k] = uint16(i)
	}
	p.bins = make([]bin, len(p.out.From))
	for i, k := range p.out.From {
		high, low := int(k), len(p.out.From)-int(k)
		switch {
		case high < len(gains):
			p.bins[i] = bin{place[high], float32(gains[high] / gains[0] / float64(n))}
		case low < len(gains):
			p.bins[i] = bin{place[n-low], float32(gains[low] / gains[0] / float64(n))}
		}
	}
}

// convert makes l.out out of l.history. The way back is a transform as well, of numbers
// whose real and imaginary parts are swapped.
func (p *plan) convert(l *lane) {
	x := l.free[:len(p.in.From)]
	for i, at := range p.in.From {
		x[i] = l.history[at]
	}
	x, y := p.in.Run(x, l.out[:len(p.in.From)])
	y = y[:len(p.out.From)]
	for i, b := range p.bins {
		v := x[b.at]
		y[i] = fourier.Complex{Re: v.Im * b.gain, Im: v.Re * b.gain}
	}
	l.out, l.free = p.out.Run(y, x[:len(p.out.From)])
}
