// Package loudness measures how loud PCM is: EBU R128 / ITU-R BS.1770.
//
// It knows 20 ms blocks of 48 kHz stereo and nothing else.
package loudness

import (
	"math"

	"busker/audio"
	"busker/dsp/truepeak"
)

const (
	// stepBlocks is how many blocks a step has: gating blocks of 400 ms overlap by
	// three quarters, so a new one ends every 100 ms (BS.1770-4 annex 1).
	stepBlocks = 5
	// stepSamples is the same in samples per channel.
	stepSamples = stepBlocks * audio.FrameSamples
	// momentary and shortTerm are the lengths of their windows in steps (EBU Tech 3341).
	momentary, shortTerm = 4, 30
	// silence is the loudness of nothing, and the absolute gate, in LUFS.
	silence = -70
	// offset is what K-weighting adds to 997 Hz, in dB.
	offset = -0.691
	// relative is where the second gate lies below the mean, in LU.
	relative = -10
)

// Meter measures a stream of blocks, of any length in the same memory, 17 KiB. One
// goroutine uses it at a time.
type Meter struct {
	left, right weighting
	blocks      int                // in the step that is being made
	energy      float64            // of both sides, in that step
	steps       [shortTerm]float64 // energies of the last steps, a ring
	count       int                // steps so far
	heard       distribution       // of gating blocks

	sound [(truepeak.Lead + audio.FrameSamples) * audio.Channels]float32
	peaks [audio.FrameSamples / truepeak.Slot]float32
	peak  float32
}

// NewMeter returns a Meter that has heard nothing.
func NewMeter() *Meter { return &Meter{} }

// Add measures b. What is no number counts as silence.
func (m *Meter) Add(b *audio.Block) {
	copy(m.sound[:], m.sound[len(b):])
	fresh := m.sound[truepeak.Lead*audio.Channels:]
	copy(fresh, b[:])
	m.findPeak()
	m.energy += weigh(&m.left, &m.right, fresh)
	if m.blocks++; m.blocks == stepBlocks {
		m.endStep()
	}
}

// findPeak raises the true peak; it looks between samples only where that may be.
func (m *Meter) findPeak() {
	truepeak.Scan(m.peaks[:], m.sound[:], m.peak)
	for _, p := range m.peaks {
		if !(p <= most) {
			tame(m.sound[:], most)
			truepeak.Scan(m.peaks[:], m.sound[:], m.peak)
			break
		}
	}
	for _, p := range m.peaks {
		m.peak = max(m.peak, min(p, most)) // between samples it may be more still
	}
}

// most is what a sample or a peak may be, +36 dB; more is no sound.
const most = 64

// tame makes x finite and bounded.
func tame(x []float32, loudest float32) {
	for i, v := range x {
		if !(v <= loudest && v >= -loudest) {
			x[i] = 0
		}
	}
}

// endStep adds a step to the windows, and the gating block that ends with it.
func (m *Meter) endStep() {
	m.steps[m.count%shortTerm] = m.energy
	m.count++
	m.energy, m.blocks = 0, 0
	if m.count >= momentary {
		m.heard.add(m.window(momentary))
	}
}

// window is the mean power of the last n steps; steps before the beginning are silent.
func (m *Meter) window(n int) float64 {
	sum := 0.0
	for i := max(0, m.count-n); i < m.count; i++ {
		sum += m.steps[i%shortTerm]
	}
	return sum / float64(n*stepSamples)
}

// Integrated is the gated loudness of everything so far, in LUFS; false while there is
// none. It is at most 0.01 LU from what the unbounded record of all gating blocks gives.
func (m *Meter) Integrated() (lufs float64, ok bool) {
	power, ok := m.heard.gated()
	return units(power), ok
}

// Momentary is the loudness of the last 400 ms, in LUFS, at least -70.
func (m *Meter) Momentary() float64 { return units(m.window(momentary)) }

// ShortTerm is the loudness of the last 3 s, in LUFS, at least -70.
func (m *Meter) ShortTerm() float64 { return units(m.window(shortTerm)) }

// units is the loudness of a K-weighted power.
func units(power float64) float64 {
	if !(power > 0) {
		return silence
	}
	return max(offset+10*math.Log10(power), silence)
}

// TruePeak is the highest true peak so far, as a factor of full scale.
func (m *Meter) TruePeak() float64 { return float64(m.peak) }

// Reset forgets everything.
func (m *Meter) Reset() { *m = Meter{} }
