package dsp

import (
	"busker/dsp/limit"
	"busker/dsp/room"
)

// Bands is the number of the equalizer's bands.
const Bands = 15

// Settings say what a Chain does to the sound. The zero value changes nothing. Two
// Settings that are == sound the same; a Settings may be a map key.
type Settings struct {
	// The Lavalink v4 set, in the order it is applied.
	Volume     float64        `json:"volume,omitempty" yaml:"volume,omitempty"` // 0..5; 0 = off, as 1 is
	Equalizer  [Bands]float64 `json:"equalizer" yaml:"equalizer"`               // gain per band, -0.25..1
	Karaoke    Karaoke        `json:"karaoke" yaml:"karaoke"`
	Timescale  Timescale      `json:"timescale" yaml:"timescale"`
	Tremolo    Oscillation    `json:"tremolo" yaml:"tremolo"`
	Vibrato    Oscillation    `json:"vibrato" yaml:"vibrato"`
	Distortion Distortion     `json:"distortion" yaml:"distortion"`
	Rotation   float64        `json:"rotation,omitempty" yaml:"rotation,omitempty"` // Hz; 0 = off
	ChannelMix ChannelMix     `json:"channelMix" yaml:"channelMix"`
	LowPass    float64        `json:"lowPass,omitempty" yaml:"lowPass,omitempty"` // smoothing; up to 1 = off

	// RotationDepth is how far Rotation swings, 0..1; 0 = 1, all the way, as Lavalink does.
	RotationDepth float64 `json:"rotationDepth,omitempty" yaml:"rotationDepth,omitempty"`

	// Our own, after those.
	BassBoost   float64            `json:"bassBoost,omitempty" yaml:"bassBoost,omitempty"` // dB of the low shelf, 0..18
	Width       float64            `json:"width,omitempty" yaml:"width,omitempty"`         // -1 mono .. 0 as it is .. 1 twice as wide
	Compression limit.Compression  `json:"compression" yaml:"compression"`
	Echo        room.Echoing       `json:"echo" yaml:"echo"`
	Reverb      room.Reverberation `json:"reverb" yaml:"reverb"`
}

// Karaoke damps what is in the middle. On zero it is off.
type Karaoke struct {
	Level     float64 `json:"level" yaml:"level"`             // 0..1
	MonoLevel float64 `json:"monoLevel" yaml:"monoLevel"`     // 0..1
	Band      float64 `json:"filterBand" yaml:"filterBand"`   // Hz; 0 = 220
	Width     float64 `json:"filterWidth" yaml:"filterWidth"` // Hz; 0 = 100
}

// Timescale changes speed and pitch; zeros are ones.
type Timescale struct {
	Speed float64 `json:"speed,omitempty" yaml:"speed,omitempty"`
	Pitch float64 `json:"pitch,omitempty" yaml:"pitch,omitempty"`
	Rate  float64 `json:"rate,omitempty" yaml:"rate,omitempty"`
}

// Oscillation is a tremolo or a vibrato; depth 0 is off.
type Oscillation struct {
	Frequency float64 `json:"frequency" yaml:"frequency"` // Hz
	Depth     float64 `json:"depth" yaml:"depth"`         // 0..1
}

// Distortion bends the waveform; the zero value is off.
type Distortion struct {
	On        bool    `json:"on,omitempty" yaml:"on,omitempty"`
	SinOffset float64 `json:"sinOffset" yaml:"sinOffset"`
	SinScale  float64 `json:"sinScale" yaml:"sinScale"`
	CosOffset float64 `json:"cosOffset" yaml:"cosOffset"`
	CosScale  float64 `json:"cosScale" yaml:"cosScale"`
	TanOffset float64 `json:"tanOffset" yaml:"tanOffset"`
	TanScale  float64 `json:"tanScale" yaml:"tanScale"`
	Offset    float64 `json:"offset" yaml:"offset"`
	Scale     float64 `json:"scale" yaml:"scale"`
}

// ChannelMix crosses the sides over; the zero value is off.
type ChannelMix struct {
	On           bool    `json:"on,omitempty" yaml:"on,omitempty"`
	LeftToLeft   float64 `json:"leftToLeft" yaml:"leftToLeft"`
	LeftToRight  float64 `json:"leftToRight" yaml:"leftToRight"`
	RightToLeft  float64 `json:"rightToLeft" yaml:"rightToLeft"`
	RightToRight float64 `json:"rightToRight" yaml:"rightToRight"`
}
