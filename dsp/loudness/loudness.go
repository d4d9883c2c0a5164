// Package loudness measures how loud PCM is: EBU R128 / ITU-R BS.1770.
package loudness

import "busker/audio"

// Meter is not written yet.
type Meter struct{}

// NewMeter returns a Meter that has heard nothing.
func NewMeter() *Meter { return &Meter{} }

// Add measures b.
func (m *Meter) Add(b *audio.Block) {}

// Integrated is the gated loudness of everything so far, in LUFS; false while there is none.
func (m *Meter) Integrated() (lufs float64, ok bool) { return 0, false }

// Momentary is the loudness of the last 400 ms, in LUFS.
func (m *Meter) Momentary() float64 { return 0 }

// ShortTerm is the loudness of the last 3 s, in LUFS.
func (m *Meter) ShortTerm() float64 { return 0 }

// TruePeak is the highest true peak so far, as a factor of full scale.
func (m *Meter) TruePeak() float64 { return 0 }

// Reset forgets everything.
func (m *Meter) Reset() {}
