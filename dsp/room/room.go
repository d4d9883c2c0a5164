// Package room puts PCM into a room: reverberation and echo.
package room

import "busker/audio"

// Reverberation describes a Reverb; the zero value is off.
type Reverberation struct {
	Mix      float64 `json:"mix" yaml:"mix"`           // 0..1, share of the wet signal added
	Size     float64 `json:"size" yaml:"size"`         // 0..1
	Damping  float64 `json:"damping" yaml:"damping"`   // 0..1
	Width    float64 `json:"width" yaml:"width"`       // 0..1
	PreDelay float64 `json:"preDelay" yaml:"preDelay"` // ms
}

// Reverb is not written yet.
type Reverb struct{}

// NewReverb returns a Reverb as described.
func NewReverb(r Reverberation) *Reverb { return &Reverb{} }

// Set glides to other settings.
func (r *Reverb) Set(to Reverberation) {}

// Process adds the room to b in place.
func (r *Reverb) Process(b *audio.Block) {}

// Tail is how many more frames are heard once the input is silent, at most.
func (r *Reverb) Tail() int { return 0 }

// Reset forgets all audio.
func (r *Reverb) Reset() {}

// Echoing describes an Echo; the zero value is off.
type Echoing struct {
	Delay    float64 `json:"delay" yaml:"delay"`       // s
	Decay    float64 `json:"decay" yaml:"decay"`       // 0..1, from one echo to the next
	Mix      float64 `json:"mix" yaml:"mix"`           // 0..1
	PingPong bool    `json:"pingPong" yaml:"pingPong"` // echoes change sides
}

// Echo is not written yet.
type Echo struct{}

// NewEcho returns an Echo as described.
func NewEcho(e Echoing) *Echo { return &Echo{} }

// Set glides to other settings.
func (e *Echo) Set(to Echoing) {}

// Process adds the echoes to b in place.
func (e *Echo) Process(b *audio.Block) {}

// Tail is how many more frames are heard once the input is silent, at most.
func (e *Echo) Tail() int { return 0 }

// Reset forgets all audio.
func (e *Echo) Reset() {}
