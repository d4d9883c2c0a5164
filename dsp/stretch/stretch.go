// Package stretch changes speed and pitch of PCM, each without the other or together.
package stretch

import "busker/audio"

// Stretcher is not written yet.
type Stretcher struct{}

// New returns a Stretcher that changes nothing.
func New() *Stretcher { return &Stretcher{} }

// Set glides to a tempo (length), a pitch, and a rate (both, like a turntable).
func (s *Stretcher) Set(tempo, pitch, rate float64) {}

// Push takes the next block of input.
func (s *Stretcher) Push(b *audio.Block) {}

// Pull fills b with the next block of output if there is a whole one.
func (s *Stretcher) Pull(b *audio.Block) bool { return false }

// Drain fills b with what is left after the last Push, padded with silence, and returns
// how many samples per channel of it count; 0 is the end.
func (s *Stretcher) Drain(b *audio.Block) int { return 0 }

// Speed is how many frames of input one frame of output takes at present.
func (s *Stretcher) Speed() float64 { return 1 }

// Delay is how many frames of input (with fractions) are inside and not given out yet.
func (s *Stretcher) Delay() float64 { return 0 }

// Neutral reports whether the Stretcher passes its input on unchanged.
func (s *Stretcher) Neutral() bool { return true }

// Reset forgets all audio and keeps the settings, which then hold at once.
func (s *Stretcher) Reset() {}
