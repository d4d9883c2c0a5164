package limit

import (
	"math"

	"busker/audio"
	"busker/dsp/truepeak"
)

const (
	// slots is how many peaks there are in a block.
	slots = audio.FrameSamples / truepeak.Slot
	// smooth is the length, in slots, of each of the two averages that make the steps of
	// the gain curves.
	smooth = 12
	// window is for how many slots a peak is remembered: until both averages have come
	// down to what it asks for, and have stayed there for the slots beside it.
	window = 2*smooth + 2
	// delay is for how many samples the output is late: until a peak has been judged and
	// the averages have come down. It is 4.2 ms.
	delay = (2*smooth + 1) * truepeak.Slot
	// release is the time in which the gain comes back by 63 %, in seconds.
	release = 0.08
	// margin is what the estimate of a peak may be wrong by: 0.03 dB.
	margin = 0.9966
	// utmost bounds what is let in: +36 dB.
	utmost = 64
)

// recovery is the part of the way back to 1 that the gain goes in one slot.
var recovery = float32(1 - math.Exp(-truepeak.Slot/(release*audio.SampleRate)))

// Limiter turns a stream of blocks down where its waveform, also between the samples,
// would exceed a ceiling: early enough to do so gently, no more than needed, and back
// within a tenth of a second. One goroutine uses it at a time.
type Limiter struct {
	ceiling float32

	// sound is what is not given out yet, and during Process the new block behind it.
	sound [(delay + audio.FrameSamples) * audio.Channels]float32
	peaks [slots]float32
	// A slot asks for a gain; held is the least of a window, rising no faster than the
	// release lets it; rough and gain are the averages. Each begins with as many slots
	// of the block before as are read again.
	asked [window - 1 + slots]float32
	held  [smooth - 1 + slots]float32
	rough [smooth - 1 + slots]float32
	gain  [1 + slots]float32
	calm  bool // all of those are 1
}

// NewLimiter returns a Limiter with a ceiling in dBTP, for example -1.
func NewLimiter(ceiling float64) *Limiter {
	l := &Limiter{ceiling: float32(math.Pow(10, ceiling/20)) * margin}
	l.Reset()
	return l
}

// Process limits b in place; the output is Delay samples late. What is no number becomes
// silence.
func (l *Limiter) Process(b *audio.Block) {
	copy(l.sound[delay*audio.Channels:], b[:])
	l.judge()
	if l.calm {
		copy(b[:], l.sound[:])
	} else {
		l.follow()
		l.apply(b)
	}
	copy(l.sound[:], l.sound[len(b):])
}

// judge finds the peaks of a block's length, which ends a slot before the sound does, and
// what gain they ask for.
func (l *Limiter) judge() {
	const from = (delay - truepeak.Lead) * audio.Channels
	truepeak.Scan(l.peaks[:], l.sound[from:], l.ceiling)
	if !sane(l.peaks[:]) {
		tame(l.sound[:])
		truepeak.Scan(l.peaks[:], l.sound[from:], l.ceiling)
	}
	for i, peak := range l.peaks {
		gain := float32(1)
		if peak > l.ceiling {
			gain, l.calm = l.ceiling/peak, false
		}
		l.asked[window-1+i] = gain
	}
}

// sane reports whether all peaks are numbers that sound may reach.
func sane(peaks []float32) bool {
	for _, p := range peaks {
		if !(p <= 2*utmost) {
			return false
		}
	}
	return true
}

// tame makes x finite and bounded.
func tame(x []float32) {
	for i, v := range x {
		if v != v {
			x[i] = 0
		} else {
			x[i] = min(max(v, -utmost), utmost)
		}
	}
}

// follow makes the gain of what is asked for.
func (l *Limiter) follow() {
	now, least := l.held[smooth-2], lowest(l.asked[:window-1])
	for i := range slots {
		if next := l.asked[i+window-1]; next <= least {
			least = next
		} else if i > 0 && l.asked[i-1] == least {
			least = lowest(l.asked[i : i+window])
		}
		now = min(least, now+(1-now)*recovery)
		if now > 1-1e-4 && least == 1 {
			now = 1
		}
		l.held[smooth-1+i] = now
	}
	for i := range slots {
		l.rough[smooth-1+i] = average(l.held[i : i+smooth])
	}
	for i := range slots {
		l.gain[1+i] = average(l.rough[i : i+smooth])
	}
}

func lowest(x []float32) float32 {
	least := x[0]
	for _, v := range x[1:] {
		if v < least {
			least = v
		}
	}
	return least
}

func average(x []float32) float32 {
	sum := float32(0)
	for _, v := range x {
		sum += v
	}
	return sum / smooth
}

// apply gives out the oldest block of sound, and keeps the ends of the curves.
func (l *Limiter) apply(b *audio.Block) {
	for s := range slots {
		gain := l.gain[s]
		step := (l.gain[s+1] - gain) / truepeak.Slot
		at := s * truepeak.Slot * audio.Channels
		in, out := l.sound[at:][:truepeak.Slot*audio.Channels], b[at:][:truepeak.Slot*audio.Channels]
		for i := 0; i+1 < len(in) && i+1 < len(out); i += 2 {
			out[i], out[i+1] = in[i]*gain, in[i+1]*gain
			gain += step
		}
	}
	copy(l.asked[:], l.asked[slots:])
	copy(l.held[:], l.held[slots:])
	copy(l.rough[:], l.rough[slots:])
	l.gain[0] = l.gain[slots]
	l.calm = lowest(l.asked[:window-1]) == 1 && lowest(l.held[:smooth-1]) == 1 &&
		lowest(l.rough[:smooth-1]) == 1 && l.gain[0] == 1
}

// Delay is the look-ahead in samples per channel, constant.
func (l *Limiter) Delay() int { return delay }

// Idle reports that the Limiter only delays: nothing in it is over the ceiling and its gain is 1.
func (l *Limiter) Idle() bool { return l.calm }

// Reset forgets all audio.
func (l *Limiter) Reset() {
	clear(l.sound[:])
	for _, curve := range [...][]float32{l.asked[:], l.held[:], l.rough[:], l.gain[:]} {
		for i := range curve {
			curve[i] = 1
		}
	}
	l.calm = true
}
