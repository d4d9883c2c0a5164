package dsp

import (
	"math"

	"busker/dsp/limit"
	"busker/dsp/room"
)

// presets at full strength.
var presets = []struct {
	Preset
	full Settings
}{
	{
		Preset{"bassboost", "Bass boost", "Deep, heavy bass that stays clean."},
		Settings{BassBoost: 12},
	},
	{
		Preset{"nightcore", "Nightcore", "Faster and higher, like a record at the wrong speed."},
		Settings{Timescale: Timescale{Rate: 1.25}},
	},
	{
		Preset{"vaporwave", "Vaporwave", "Slow, low and far away, in a large hall."},
		Settings{
			Timescale: Timescale{Rate: 0.8},
			Equalizer: [Bands]float64{0.15, 0.15, 0.1, 0.05},
			Tremolo:   Oscillation{Frequency: 4, Depth: 0.12},
			Reverb:    room.Reverberation{Mix: 0.22, Size: 0.8, Damping: 0.5, Width: 1, PreDelay: 20},
		},
	},
	{
		Preset{"slowed", "Slowed + reverb", "Slowed down, with a long echoing room."},
		Settings{
			Timescale: Timescale{Rate: 0.85},
			Reverb:    room.Reverberation{Mix: 0.25, Size: 0.85, Damping: 0.4, Width: 1, PreDelay: 30},
		},
	},
	{
		Preset{"8d", "8D", "The music circles around your head; use headphones."},
		Settings{
			Volume:        1.4, // what the circling takes
			Rotation:      0.2,
			RotationDepth: 1,
			Reverb:        room.Reverberation{Mix: 0.12, Size: 0.5, Damping: 0.5, Width: 1},
		},
	},
	{
		Preset{"karaoke", "Karaoke", "Takes out what is in the middle, usually the singer."},
		Settings{Karaoke: Karaoke{Level: 1, MonoLevel: 1, Band: 220, Width: 100}},
	},
	{
		Preset{"lofi", "Lo-fi", "Warm and dull, with the wobble of an old tape."},
		Settings{
			Equalizer: [Bands]float64{0, 0.05, 0.1, 0.1, 0.05, 0, 0, 0, -0.05, -0.1, -0.15, -0.2, -0.25, -0.25, -0.25},
			Vibrato:   Oscillation{Frequency: 0.8, Depth: 0.35},
			LowPass:   3,
			Width:     -0.3,
		},
	},
	{
		Preset{"tremolo", "Tremolo", "The volume trembles."},
		Settings{Tremolo: Oscillation{Frequency: 4, Depth: 0.75}},
	},
	{
		Preset{"vibrato", "Vibrato", "The pitch trembles."},
		Settings{Vibrato: Oscillation{Frequency: 6, Depth: 0.5}},
	},
	{
		Preset{"wide", "Wide", "Spreads the stereo image."},
		Settings{Width: 0.6},
	},
	{
		Preset{"mono", "Mono", "The same on both ears."},
		Settings{Width: -1},
	},
	{
		Preset{"echo", "Echo", "Every sound comes back from one side and the other."},
		Settings{Echo: room.Echoing{Delay: 0.35, Decay: 0.45, Mix: 0.5, PingPong: true}},
	},
	{
		Preset{"concert", "Concert hall", "A good seat in a large hall."},
		Settings{Reverb: room.Reverberation{Mix: 0.28, Size: 0.9, Damping: 0.35, Width: 1, PreDelay: 25}},
	},
	{
		Preset{"nightmode", "Night mode", "Evens out loud and quiet, for late listening."},
		Settings{
			Compression: limit.Compression{Threshold: -30, Ratio: 4, Knee: 8, Attack: 8, Release: 250, Makeup: 14},
			Equalizer:   [Bands]float64{-0.1, -0.1, -0.06, -0.03},
		},
	},
	{
		Preset{"party", "Party", "Punchy bass and bright highs."},
		Settings{Equalizer: [Bands]float64{0.12, 0.14, 0.12, 0.08, 0.02, 0, -0.02, -0.02, 0, 0, 0.03, 0.06, 0.08, 0.1, 0.1}},
	},
	{
		Preset{"rock", "Rock", "Strong drums and guitars."},
		Settings{Equalizer: [Bands]float64{0.1, 0.1, 0.08, 0.06, 0.02, -0.04, -0.05, -0.02, 0.02, 0.05, 0.08, 0.1, 0.1, 0.08, 0.06}},
	},
	{
		Preset{"pop", "Pop", "Voices to the front."},
		Settings{Equalizer: [Bands]float64{-0.03, -0.02, 0, 0.02, 0.03, 0.04, 0.05, 0.06, 0.06, 0.05, 0.03, 0.02, 0.03, 0.04, 0.03}},
	},
	{
		Preset{"classical", "Classical", "Clear strings and air."},
		Settings{Equalizer: [Bands]float64{0.04, 0.04, 0.03, 0.02, 0, 0, -0.02, -0.02, 0, 0.02, 0.03, 0.04, 0.06, 0.07, 0.06}},
	},
	{
		Preset{"electronic", "Electronic", "Deep subs and crisp hats."},
		Settings{Equalizer: [Bands]float64{0.16, 0.16, 0.12, 0.04, -0.02, -0.04, -0.02, 0, 0.02, 0.03, 0.04, 0.06, 0.1, 0.12, 0.12}},
	},
	{
		Preset{"soft", "Soft", "Takes the edge off."},
		Settings{Equalizer: [Bands]float64{0, 0, 0, 0, 0, 0, 0, 0, -0.03, -0.06, -0.1, -0.13, -0.15, -0.16, -0.16}},
	},
	{
		Preset{"treble", "Treble", "Brightens everything up."},
		Settings{Equalizer: [Bands]float64{0, 0, 0, 0, 0, 0, 0, 0, 0.02, 0.05, 0.09, 0.13, 0.17, 0.2, 0.22}},
	},
	{
		Preset{"doubletime", "Double time", "Twice as fast, at the same pitch."},
		Settings{Timescale: Timescale{Speed: 2}},
	},
	{
		Preset{"slowmotion", "Slow motion", "Half as fast, at the same pitch."},
		Settings{Timescale: Timescale{Speed: 0.5}},
	},
	{
		Preset{"chipmunk", "Chipmunk", "Much higher, at the same speed."},
		Settings{Timescale: Timescale{Pitch: 1.6}},
	},
	{
		Preset{"deep", "Deep voice", "Much lower, at the same speed."},
		Settings{Timescale: Timescale{Pitch: 0.7}},
	},
	{
		Preset{"telephone", "Telephone", "A voice on a bad line."},
		Settings{
			Equalizer: [Bands]float64{
				-0.25, -0.25, -0.25, -0.25, -0.25, -0.2, -0.05, 0.1, 0.2, 0.2, 0.1, -0.1, -0.25, -0.25, -0.25,
			},
			LowPass: 2,
			Width:   -1,
		},
	},
	{
		Preset{"radio", "Old radio", "A small loudspeaker, driven hard."},
		Settings{
			Equalizer: [Bands]float64{
				-0.25, -0.25, -0.25, -0.2, -0.1, 0, 0.05, 0.1, 0.12, 0.1, 0.05, -0.05, -0.2, -0.25, -0.25,
			},
			Distortion: drive(1.2),
			Width:      -0.9,
		},
	},
	{
		Preset{"overdrive", "Overdrive", "A tube amplifier turned up."},
		Settings{Distortion: drive(1.5)},
	},
}

// drive is a soft saturation, sin(x*amount)/sin(amount): full scale stays full scale, and
// what is quieter is lifted. amount is above 0 and up to half of pi.
func drive(amount float64) Distortion {
	return Distortion{
		On:        true,
		SinScale:  amount,
		CosOffset: 0, CosScale: 0, // 0+cos(0) = 1
		TanOffset: 1, TanScale: 0, // 1+tan(0) = 1
		Scale: 1 / math.Sin(amount),
	}
}
