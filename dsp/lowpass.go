package dsp

import "busker/audio"

// lowPass is one pole per channel, v += (x-v)/smoothing, which starts at the first
// sample it hears.
type lowPass struct {
	share   ramp // 1/smoothing
	l, r    float64
	started bool
}

func newLowPass(smoothing float64) *lowPass {
	f := &lowPass{}
	f.Set(smoothing)
	f.Reset()
	return f
}

// Set glides to smoothing during the next block.
func (f *lowPass) Set(smoothing float64) { f.share.set(1 / max(1, smoothing)) }

// Process applies the filter to b in place.
func (f *lowPass) Process(b *audio.Block) {
	if !f.started {
		f.l, f.r, f.started = float64(b[0]), float64(b[1]), true
	}
	share, step := f.share.next()
	l, r := f.l, f.r
	for i := 0; i < len(b)-1; i += 2 {
		share += step
		l += (float64(b[i]) - l) * share
		r += (float64(b[i+1]) - r) * share
		b[i], b[i+1] = float32(l), float32(r)
	}
	f.l, f.r = l, r
	flush(&f.l, &f.r)
}

// Reset forgets all audio and ends the glide.
func (f *lowPass) Reset() {
	f.started = false
	f.share.jump()
}

// Tail is how long the decay is, in frames.
func (f *lowPass) Tail() int { return 1 + int(12/(f.share.target*float64(audio.FrameSamples))) }
