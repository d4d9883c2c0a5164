package stretch

import "math"

const (
	// minRatio and maxRatio bound how many input samples one output sample takes.
	minRatio, maxRatio = 0.25, 4
	// weightBits is how finely a place between two phases is known.
	weightBits = 22
	// one is the distance of two input samples.
	one = phases << weightBits
	// history is how many samples before the current one are kept.
	history = maxTaps / 2
	// room is how many samples a resampler holds beyond a filter's length.
	room = 1024
)

// resampler reads planar stereo at a ratio that may change with every output sample.
// Its filter has linear phase: an output lies exactly where its place says.
type resampler struct {
	kernel *kernel
	left   []float32
	right  []float32
	have   int   // samples in left and in right
	pos    int   // the sample at or right before the next output
	frac   int64 // 0..one-1: how far behind pos the next output lies
}

func newResampler() *resampler {
	r := &resampler{
		left:  make([]float32, 2*maxTaps+room),
		right: make([]float32, 2*maxTaps+room),
	}
	r.reset()
	return r
}

// reset forgets all audio; the sample fed next is where the next output lies.
func (r *resampler) reset() {
	clear(r.left[:history])
	clear(r.right[:history])
	r.have, r.pos, r.frac = history, history, 0
}

// prime is reset with interleaved samples heard before the sample fed next.
func (r *resampler) prime(before []float32) {
	r.reset()
	before = before[len(before)-2*history:]
	for i := range history {
		r.left[i], r.right[i] = clean(before[2*i]), clean(before[2*i+1])
	}
}

// ahead is how far the end of what was fed lies beyond the next output, in samples.
func (r *resampler) ahead() float64 { return float64(r.have-r.pos) - float64(r.frac)/one }

// space returns where samples may be fed to; fed says how many were.
func (r *resampler) space() (left, right []float32) {
	if r.have == len(r.left) {
		drop := min(r.pos, r.have) - history
		copy(r.left, r.left[drop:r.have])
		copy(r.right, r.right[drop:r.have])
		r.have -= drop
		r.pos -= drop
	}
	return r.left[r.have:], r.right[r.have:]
}

func (r *resampler) fed(n int) { r.have += n }

// step turns a ratio into the distance of two outputs.
func step(ratio float64) int64 { return int64(math.Round(ratio * one)) }

// produce writes interleaved outputs at distance step until dst is full or more input is
// needed, and returns how many there are.
func (r *resampler) produce(dst []float32, step int64) (made int) {
	if step == one && r.frac == 0 {
		return r.pass(dst)
	}
	taps := r.kernel.taps
	whole, part := int(step/one), step%one
	for ; 2*made < len(dst) && r.pos+taps/2 < r.have; made++ {
		from := r.pos - (taps/2 - 1)
		x, y := r.left[from:from+taps], r.right[from:from+taps]
		row := int(r.frac>>weightBits) * taps
		first := r.kernel.rows[row : row+taps]
		if weight := r.frac & (1<<weightBits - 1); weight == 0 {
			dst[2*made], dst[2*made+1] = dot2(x, y, first)
		} else {
			second := r.kernel.rows[row+taps : row+2*taps]
			dst[2*made], dst[2*made+1] = blend2(x, y, first, second, float32(weight)/(1<<weightBits))
		}
		r.pos += whole
		if r.frac += part; r.frac >= one {
			r.frac -= one
			r.pos++
		}
	}
	return made
}

// pass writes what was fed unchanged; frac must be 0.
func (r *resampler) pass(dst []float32) int {
	n := min(len(dst)/2, r.have-r.pos)
	for i := range n {
		dst[2*i], dst[2*i+1] = r.left[r.pos+i], r.right[r.pos+i]
	}
	r.pos += n
	return n
}
