package dsp

import (
	"fmt"

	"busker/audio"
	"busker/internal/fault"
)

const (
	// MinRate is the lowest rate a Resampler takes, in hertz.
	MinRate = 8000
	// MaxRate is the highest rate a Resampler takes, in hertz.
	MaxRate = 192000
	// chunk is how many frames beyond the filter's length are kept between
	// calls, so that the history moves seldom and stays in the cache.
	chunk = 2048
)

// Resampler turns interleaved PCM of one rate into PCM of audio.SampleRate. Its
// filter has linear phase and its delay is taken out: output sample 0 is input
// sample 0, and n input frames make round(n·48000/rate) output frames in all.
// One goroutine uses it at a time; it allocates nothing after construction.
type Resampler struct {
	kernel   *kernel
	channels int
	up, down int // output rate : input rate, in lowest terms

	history [][]float32 // per channel; its frame 0 is input frame first
	have    int         // frames in history
	pos     int         // history frame the filter's first tap lies on for the next output
	phase   int         // 0..up-1: where the next output lies between two inputs
	in, out int64       // frames taken and given so far
}

// NewResampler returns a Resampler for interleaved frames of channels channels at
// from hertz.
func NewResampler(from, channels int) (*Resampler, error) {
	if from < MinRate || from > MaxRate {
		return nil, fault.New(fault.Unsupported, fmt.Sprintf(
			"Audio at %d Hz can not be played: the limits are %d and %d Hz.", from, MinRate, MaxRate))
	}
	if channels < 1 || channels > MaxChannels {
		return nil, fault.New(fault.Unsupported, fmt.Sprintf(
			"Audio with %d channels can not be played: the limit is %d.", channels, MaxChannels))
	}
	g := gcd(from, audio.SampleRate)
	r := &Resampler{
		kernel:   kernelFor(from),
		channels: channels,
		up:       audio.SampleRate / g,
		down:     from / g,
		history:  make([][]float32, channels),
	}
	for c := range r.history {
		r.history[c] = make([]float32, r.kernel.taps+chunk)
	}
	r.Reset()
	return r, nil
}

// Reset forgets all audio: the next frame is frame 0 again.
func (r *Resampler) Reset() {
	for _, h := range r.history {
		clear(h)
	}
	// The silence before frame 0 puts the filter's middle on it.
	r.have, r.pos, r.phase = r.kernel.taps/2-1, 0, 0
	r.in, r.out = 0, 0
}

// Process reads frames from src and writes frames to dst until src is used up or
// dst is full, and returns how many floats it wrote and read. Output trails the
// input by half the filter; Drain gives the rest.
func (r *Resampler) Process(dst, src []float32) (written, read int) {
	if r.up == r.down {
		n := copy(dst, src[:len(src)-len(src)%r.channels])
		n -= n % r.channels
		return n, n
	}
	for {
		written += r.produce(dst[written:])
		n := r.take(src[read:])
		if n == 0 {
			return written, read
		}
		read += n
		r.in += int64(n / r.channels)
	}
}

// Drain says that the input has ended and writes what is left, which may take
// several calls: it returns 0 when nothing is. Then Reset makes the Resampler fit
// for other audio.
func (r *Resampler) Drain(dst []float32) (written int) {
	if r.up == r.down {
		return 0
	}
	total := (2*r.in*int64(r.up) + int64(r.down)) / (2 * int64(r.down))
	for r.out < total && written+r.channels <= len(dst) {
		want := int(min(total-r.out, int64((len(dst)-written)/r.channels)))
		written += r.produce(dst[written : written+want*r.channels])
		r.pad()
	}
	return written
}

// produce writes the outputs whose input is all there.
func (r *Resampler) produce(dst []float32) (written int) {
	taps := r.kernel.taps
	for r.pos+taps <= r.have && written+r.channels <= len(dst) {
		r.frame(dst[written : written+r.channels])
		written += r.channels
		r.out++
		r.phase += r.down
		r.pos += r.phase / r.up
		r.phase %= r.up
	}
	return written
}

// frame computes one output.
func (r *Resampler) frame(dst []float32) {
	a, b, weight := r.kernel.row(r.phase, r.up)
	r.inner(dst, a)
	if b == nil {
		return
	}
	var next [MaxChannels]float32
	r.inner(next[:len(dst)], b)
	for c := range dst {
		dst[c] += (next[c] - dst[c]) * weight
	}
}

// inner computes what every channel makes of one row of taps.
func (r *Resampler) inner(dst, taps []float32) {
	from, to := r.pos, r.pos+len(taps)
	c := 0
	for ; c+2 <= len(dst); c += 2 {
		dst[c], dst[c+1] = dot2(r.history[c][from:to], r.history[c+1][from:to], taps)
	}
	if c < len(dst) {
		dst[c] = dot(r.history[c][from:to], taps)
	}
}

// take moves whole frames of src into the history and returns the floats taken.
func (r *Resampler) take(src []float32) int {
	r.compact()
	frames := min(len(src)/r.channels, len(r.history[0])-r.have)
	if frames <= 0 {
		return 0
	}
	for c, h := range r.history {
		for i := range frames {
			h[r.have+i] = src[i*r.channels+c]
		}
	}
	r.have += frames
	return frames * r.channels
}

// pad appends as much silence as fits.
func (r *Resampler) pad() {
	r.compact()
	for _, h := range r.history {
		clear(h[r.have:])
	}
	r.have = len(r.history[0])
}

// compact moves the frames still needed to the front when the room is used up.
func (r *Resampler) compact() {
	if r.have < len(r.history[0]) || r.pos == 0 {
		return
	}
	drop := min(r.pos, r.have)
	for _, h := range r.history {
		copy(h, h[drop:r.have])
	}
	r.pos -= drop
	r.have -= drop
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
