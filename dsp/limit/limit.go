// Package limit keeps levels in bounds: a true-peak limiter and a compressor.
package limit

import "busker/audio"

// Limiter is not written yet.
type Limiter struct{}

// NewLimiter returns a Limiter with a ceiling in dBTP, for example -1.
func NewLimiter(ceiling float64) *Limiter { return &Limiter{} }

// Process limits b in place; the output is Delay samples late.
func (l *Limiter) Process(b *audio.Block) {}

// Delay is the look-ahead in samples per channel, constant.
func (l *Limiter) Delay() int { return 0 }

// Idle reports that the Limiter only delays: nothing in it is over the ceiling and its gain is 1.
func (l *Limiter) Idle() bool { return true }

// Reset forgets all audio.
func (l *Limiter) Reset() {}

// Compression describes a Compressor; the zero value is off.
type Compression struct {
	Threshold float64 `json:"threshold" yaml:"threshold"` // dBFS
	Ratio     float64 `json:"ratio" yaml:"ratio"`         // 1 and 0 = off
	Knee      float64 `json:"knee" yaml:"knee"`           // dB
	Attack    float64 `json:"attack" yaml:"attack"`       // ms
	Release   float64 `json:"release" yaml:"release"`     // ms
	Makeup    float64 `json:"makeup" yaml:"makeup"`       // dB
}

// Compressor is not written yet.
type Compressor struct{}

// NewCompressor returns a Compressor as described.
func NewCompressor(c Compression) *Compressor { return &Compressor{} }

// Set glides to other settings.
func (c *Compressor) Set(to Compression) {}

// Process compresses b in place.
func (c *Compressor) Process(b *audio.Block) {}

// Reset forgets all audio.
func (c *Compressor) Reset() {}
