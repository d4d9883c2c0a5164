package dsp

import (
	"math"

	"busker/audio"
	"busker/internal/fault"
)

const (
	// MinRate is the lowest rate a Resampler takes, in hertz.
	MinRate = 8000
	// MaxRate is the highest rate a Resampler takes, in hertz.
	MaxRate = 192000
)

// Resampler turns interleaved PCM of one rate into PCM of audio.SampleRate. Its
// filter has linear phase and its delay is taken out: output sample 0 is input
// sample 0, and n input frames make round(n·48000/rate) output frames in all.
// What is no number becomes silence, and what is beyond +36 dB is cut. One
// goroutine uses it at a time; it allocates nothing after construction.
type Resampler struct {
	converter converter // nil when there is nothing to do
	channels  int
	up, down  int   // output rate : input rate, in lowest terms
	in, out   int64 // frames taken and given so far
}

// converter changes the rate of interleaved frames.
type converter interface {
	// reset forgets all audio.
	reset()
	// take moves whole frames of src in, as many as there is room for, and returns the
	// floats taken.
	take(src []float32) int
	// produce writes the outputs whose input is all there, until dst is full.
	produce(dst []float32) (written int)
	// pad appends as much silence as there is room for.
	pad()
}

// NewResampler returns a Resampler for interleaved frames of channels channels at
// from hertz.
func NewResampler(from, channels int) (*Resampler, error) {
	if from < MinRate || from > MaxRate {
		return nil, fault.Newf(fault.Unsupported, "Audio at %d Hz can not be played: the limits are %d and %d Hz.", from, MinRate, MaxRate)
	}
	if channels < 1 || channels > MaxChannels {
		return nil, fault.Newf(fault.Unsupported, "Audio with %d channels can not be played: the limit is %d.", channels, MaxChannels)
	}
	r := &Resampler{channels: channels, up: 1, down: 1}
	if from != audio.SampleRate {
		t := tableFor(from)
		r.converter, r.up, r.down = t.converter(channels), t.up, t.down
	}
	return r, nil
}

// Reset forgets all audio: the next frame is frame 0 again.
func (r *Resampler) Reset() {
	if r.converter != nil {
		r.converter.reset()
	}
	r.in, r.out = 0, 0
}

// Process reads frames from src and writes frames to dst until src is used up or
// dst is full, and returns how many floats it wrote and read. Output trails the
// input by up to 60 ms; Drain gives the rest.
func (r *Resampler) Process(dst, src []float32) (written, read int) {
	if r.converter == nil {
		n := copy(dst, src[:len(src)-len(src)%r.channels])
		n -= n % r.channels
		return n, n
	}
	for {
		written += r.produce(dst[written:])
		n := r.converter.take(src[read:])
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
	if r.converter == nil {
		return 0
	}
	total := (2*r.in*int64(r.up) + int64(r.down)) / (2 * int64(r.down))
	for r.out < total && written+r.channels <= len(dst) {
		want := int(min(total-r.out, int64((len(dst)-written)/r.channels)))
		written += r.produce(dst[written : written+want*r.channels])
		r.converter.pad()
	}
	return written
}

func (r *Resampler) produce(dst []float32) (written int) {
	written = r.converter.produce(dst)
	r.out += int64(written / r.channels)
	return written
}

// clean is guard for one sample, and makes an exact zero of what is too small to hear by
// far: without a branch, as nobody foresees where music passes through zero.
func clean(v float32) float32 {
	const (
		most  = 0x42800000 // the bits of utmost
		small = 1e-10      // rounds what is below 1e-18 to nothing, the rest by less than that, or not at all
	)
	if math.Float32bits(v)&^(1<<31) > most {
		return mend(v)
	}
	return v + small - small
}

func mend(v float32) float32 {
	switch {
	case v > utmost:
		return utmost
	case v < -utmost:
		return -utmost
	}
	return 0
}
