// Package stretch changes speed and pitch of PCM, each without the other or together.
//
// It knows 20 ms blocks of 48 kHz stereo and nothing else. Length is changed by overlap
// and add of the waveform where it is most like itself (WSOLA, as SoundTouch does), pitch
// and rate by a windowed-sinc resampler; a change of rate alone needs the resampler only.
package stretch

import (
	"math"

	"busker/audio"
)

const (
	// Min is the least tempo, pitch and rate.
	Min = 0.25
	// Max is the highest tempo, pitch and rate.
	Max = 4
	// glideTime is how long a change takes, in output samples: 100 ms.
	glideTime = 4800
	// glideStep is how often speed and pitch move during a glide: every millisecond.
	glideStep = 48
	// landing is how much faster or slower than the input the output runs, at most, while
	// it gets back in line with it: 9 cents.
	landing = one / 200
)

// Stretcher changes a stream of blocks. One goroutine uses it at a time. Push every block
// also while it is Neutral, so that it can begin to change without a jump; take everything
// with Pull before the next Push.
//
//	s.Push(in)
//	for s.Pull(out) { … }
//
// In the steady state a Push makes 1/Speed Pulls on average; the most there can be, right
// after the slowest tempo at the lowest pitch has ended, is MaxPulls. Push, Pull and Drain
// allocate nothing: the buffers, about 90 KiB, are made by the first Set that changes
// anything.
type Stretcher struct {
	target  gear // where a glide ends
	present gear
	from    gear
	glide   int // output samples until present is target
	begun   bool

	active bool
	length *overlapper
	pitch  *resampler
	after  *kernel // for the target

	last    audio.Block // of the input, while neutral
	pending bool        // last is not pulled yet
	heard   bool        // last came after what pitch holds
	out     audio.Block // the next output, as far as it is made
	fill    int         // samples per channel in out

	draining bool
	left     int // samples per channel still to be drained
}

// MaxPulls is the most successful Pulls after one Push.
const MaxPulls = (capacity + 2*maxTaps + room) / audio.FrameSamples * 16

// gear is a pair of ratios: input samples per sample in between, and of those per output
// sample.
type gear struct{ tempo, ratio float64 }

func (g gear) neutral() bool { return g == gear{1, 1} }

// New returns a Stretcher that changes nothing.
func New() *Stretcher {
	return &Stretcher{target: gear{1, 1}, present: gear{1, 1}}
}

// Set glides, within 100 ms, to a tempo (length), a pitch, and a rate (both, like a
// turntable), as SoundTouch's setTempo, setPitch and setRate: the output is tempo·rate
// times as fast and pitch·rate times as high. Each is held in Min..Max, pitch·rate in
// 1/4..4 and tempo/pitch in 1/8..8; what is no positive number counts as 1. Before the
// first Push it holds at once.
func (s *Stretcher) Set(tempo, pitch, rate float64) {
	tempo, pitch, rate = bounded(tempo), bounded(pitch), bounded(rate)
	to := gear{
		tempo: min(max(tempo/pitch, minTempo), maxTempo),
		ratio: min(max(pitch*rate, minRatio), maxRatio),
	}
	to.tempo, to.ratio = whole(to.tempo), whole(to.ratio)
	if to == s.target {
		return
	}
	s.target = to
	if s.length == nil {
		s.length, s.pitch = newOverlapper(), newResampler()
	}
	s.from, s.glide = s.present, glideTime
	s.after = kernelFor(to.ratio)
	s.pitch.kernel = kernelFor(max(to.ratio, s.present.ratio))
	if !s.begun {
		s.arrive()
	}
}

func bounded(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	return min(max(v, Min), Max)
}

// whole removes what rounding leaves of a quotient or product that should be 1.
func whole(v float64) float64 {
	if math.Abs(v-1) < 1e-9 {
		return 1
	}
	return v
}

// Push takes the next block of input. Output of earlier blocks that was not pulled may be
// lost.
func (s *Stretcher) Push(b *audio.Block) {
	s.begun = true
	if !s.active && s.present.neutral() && s.target.neutral() {
		s.last, s.pending, s.heard = *b, true, true
		return
	}
	if !s.active {
		s.start()
	}
	if !s.length.fits(audio.FrameSamples) {
		s.lose()
	}
	s.length.feed(b[:])
}

// lose makes room for a caller who does not pull.
func (s *Stretcher) lose() {
	var lost audio.Block
	for s.Pull(&lost) && !s.length.fits(audio.FrameSamples) {
	}
}

// start goes on from the neutral stream.
func (s *Stretcher) start() {
	s.active, s.pending, s.fill = true, false, 0
	s.length.reset()
	if s.heard {
		s.pitch.prime(s.last[:])
	}
	s.heard = false
	s.apply()
}

// Pull fills b with the next block of output if there is a whole one.
func (s *Stretcher) Pull(b *audio.Block) bool {
	if !s.active {
		had := s.pending
		if had {
			*b, s.pending = s.last, false
		}
		return had
	}
	for s.fill < audio.FrameSamples {
		if !s.produce(audio.FrameSamples) {
			s.rest()
			return false
		}
	}
	*b, s.fill = s.out, 0
	return true
}

// rest becomes neutral when the last of the changed sound is out and the stream is in
// line with its input again.
func (s *Stretcher) rest() {
	if s.fill == 0 && s.landed() && s.inside() == 0 {
		s.active, s.heard = false, false
	}
}

// produce makes some output, up to fill = limit, and reports whether it did.
func (s *Stretcher) produce(limit int) bool {
	for {
		n := s.make(limit - s.fill)
		if n > 0 {
			s.fill += n
			s.advance(n)
			return true
		}
		left, right := s.pitch.space()
		n = s.length.emit(left, right)
		if n == 0 {
			return false
		}
		s.pitch.fed(n)
	}
}

// make resamples up to n samples.
func (s *Stretcher) make(n int) int {
	dst := s.out[2*s.fill:]
	if s.glide > 0 && !s.draining {
		n = min(n, glideStep)
	}
	if !s.home() {
		return s.pitch.produce(dst[:2*n], step(s.present.ratio))
	}
	if s.length.tempo == 1 && !s.length.waiting {
		s.length.drift = 0
	}
	off := s.off()
	if off == 0 {
		return s.pitch.pass(dst[:2*n])
	}
	return s.approach(dst[:2*n], off)
}

// approach runs a little faster or slower, to bring off to 0.
func (s *Stretcher) approach(dst []float32, off int64) int {
	n := int64(min(len(dst)/2, glideStep))
	d := off / n
	if d == 0 { // the last of it at once: less than n steps of 10⁻⁹ samples
		n, d = 1, off
	}
	d = min(max(d, -landing), landing)
	return s.pitch.produce(dst[:2*n], one+d)
}

// home reports that all settings are neutral and no glide is on.
func (s *Stretcher) home() bool {
	return s.target.neutral() && s.glide == 0 && !s.draining
}

// landed reports that the output is in line with the input, block for block.
func (s *Stretcher) landed() bool { return s.home() && !s.length.waiting && s.off() == 0 }

// off is how far what is inside is from whole blocks, in units of resampler.frac: so much
// is to be gained (or lost, when negative) by running faster.
func (s *Stretcher) off() int64 {
	const block = int64(audio.FrameSamples) * one
	off := (int64(s.fill+s.inside())*one - s.pitch.frac) % block
	if off > block/2 {
		off -= block
	}
	return off
}

// inside is how many samples wait in the overlapper, at tempo 1, and in the resampler.
func (s *Stretcher) inside() int {
	return s.length.end() - s.length.read + s.pitch.have - s.pitch.pos
}

// advance moves the glide on by n output samples.
func (s *Stretcher) advance(n int) {
	if s.glide == 0 || s.draining {
		return
	}
	if s.glide -= n; s.glide <= 0 {
		s.arrive()
		return
	}
	x := 1 - float64(s.glide)/glideTime
	s.present = gear{
		tempo: s.from.tempo * math.Pow(s.target.tempo/s.from.tempo, x),
		ratio: s.from.ratio * math.Pow(s.target.ratio/s.from.ratio, x),
	}
	s.apply()
}

// arrive ends a glide.
func (s *Stretcher) arrive() {
	s.present, s.glide = s.target, 0
	if s.length != nil {
		s.pitch.kernel = s.after
		s.apply()
	}
}

func (s *Stretcher) apply() { s.length.tempo = s.present.tempo }

// Drain fills b with what is left after the last Push and the Pulls that follow it, padded
// with silence, and returns how many samples per channel of it count; 0 is the end, after
// which the Stretcher is as after Reset. All that was pulled and drained is as long as the
// input divided by the speed.
func (s *Stretcher) Drain(b *audio.Block) int {
	if !s.active {
		return s.drainNeutral(b)
	}
	if !s.draining {
		s.left = s.remaining()
		s.draining = true
	}
	n := min(s.left, audio.FrameSamples)
	if n == 0 {
		s.Reset()
		return 0
	}
	for s.fill < n {
		if !s.produce(n) {
			s.length.feed(silence[:])
		}
	}
	*b = s.out
	clear(b[2*n:])
	s.left, s.fill = s.left-n, 0
	return n
}

var silence audio.Block

func (s *Stretcher) drainNeutral(b *audio.Block) int {
	if s.Pull(b) {
		return audio.FrameSamples
	}
	s.Reset()
	return 0
}

// remaining is how many samples of output the input makes that was pushed so far.
func (s *Stretcher) remaining() int {
	between := s.length.ahead()/s.present.tempo + s.pitch.ahead()
	return s.fill + max(0, int(math.Round(between/s.present.ratio)))
}

// Speed is how many frames of input one frame of output takes at present.
func (s *Stretcher) Speed() float64 { return s.present.tempo * s.present.ratio }

// Delay is how many frames of input (with fractions) are inside and not given out yet:
// what was pushed less Delay is the place in the input that will be heard next. A splice
// may put the sound itself 10 ms before or after that place, never more.
func (s *Stretcher) Delay() float64 {
	if !s.active {
		if s.pending {
			return 1
		}
		return 0
	}
	samples := s.length.ahead() + s.pitch.ahead()*s.present.tempo + float64(s.fill)*s.Speed()
	return samples / float64(audio.FrameSamples)
}

// Neutral reports whether the Stretcher passes its input on unchanged and holds nothing
// back.
func (s *Stretcher) Neutral() bool {
	return !s.active && s.target.neutral() && s.present.neutral()
}

// Reset forgets all audio and keeps the settings, which then hold at once.
func (s *Stretcher) Reset() {
	s.arrive()
	s.active, s.pending, s.heard, s.begun = false, false, false, false
	s.draining, s.left, s.fill = false, 0, 0
	if s.length != nil {
		s.length.reset()
		s.pitch.reset()
	}
}
