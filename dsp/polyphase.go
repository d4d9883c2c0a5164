package dsp

// chunk is how many frames beyond the filter's length are kept between calls, so
// that the history moves seldom and stays in the cache.
const chunk = 2048

// polyphase converts output by output, between any two rates.
type polyphase struct {
	kernel   *kernel
	channels int
	up, down int // output rate : input rate, in lowest terms

	history [][]float32 // per channel
	have    int         // frames in history
	pos     int         // history frame the filter's first tap lies on for the next output
	phase   int         // 0..up-1: where the next output lies between two inputs
}

func newPolyphase(k *kernel, up, down, channels int) *polyphase {
	p := &polyphase{kernel: k, channels: channels, up: up, down: down, history: make([][]float32, channels)}
	for c := range p.history {
		p.history[c] = make([]float32, k.taps+chunk)
	}
	p.reset()
	return p
}

func (p *polyphase) reset() {
	for _, h := range p.history {
		clear(h)
	}
	// The silence before frame 0 puts the filter's middle on it.
	p.have, p.pos, p.phase = p.kernel.taps/2-1, 0, 0
}

// produce writes the outputs whose input is all there.
func (p *polyphase) produce(dst []float32) (written int) {
	taps := p.kernel.taps
	for p.pos+taps <= p.have && written+p.channels <= len(dst) {
		p.frame(dst[written : written+p.channels])
		written += p.channels
		p.phase += p.down
		p.pos += p.phase / p.up
		p.phase %= p.up
	}
	return written
}

// frame computes one output.
func (p *polyphase) frame(dst []float32) {
	a, b, weight := p.kernel.row(p.phase, p.up)
	p.inner(dst, a)
	if b == nil {
		return
	}
	var next [MaxChannels]float32
	p.inner(next[:len(dst)], b)
	for c := range dst {
		dst[c] += (next[c] - dst[c]) * weight
	}
}

// inner computes what every channel makes of one row of taps.
func (p *polyphase) inner(dst, taps []float32) {
	from, to := p.pos, p.pos+len(taps)
	c := 0
	for ; c+2 <= len(dst); c += 2 {
		dst[c], dst[c+1] = dot2(p.history[c][from:to], p.history[c+1][from:to], taps)
	}
	if c < len(dst) {
		dst[c] = dot(p.history[c][from:to], taps)
	}
}

// take moves whole frames of src into the history and returns the floats taken.
func (p *polyphase) take(src []float32) int {
	p.compact()
	frames := min(len(src)/p.channels, len(p.history[0])-p.have)
	if frames <= 0 {
		return 0
	}
	for c, h := range p.history {
		for i := range frames {
			h[p.have+i] = clean(src[i*p.channels+c])
		}
	}
	p.have += frames
	return frames * p.channels
}

// pad appends as much silence as fits.
func (p *polyphase) pad() {
	p.compact()
	for _, h := range p.history {
		clear(h[p.have:])
	}
	p.have = len(p.history[0])
}

// compact moves the frames still needed to the front when the room is used up.
func (p *polyphase) compact() {
	if p.have < len(p.history[0]) || p.pos == 0 {
		return
	}
	drop := min(p.pos, p.have)
	for _, h := range p.history {
		copy(h, h[drop:p.have])
	}
	p.pos -= drop
	p.have -= drop
}
