package dsp

import "math"

// Preset is a named sound.
type Preset struct {
	Name  string // "bassboost"
	Title string // "Bass boost"
	About string // one sentence for people
}

// Presets returns all presets, in the order people should see them.
func Presets() []Preset {
	list := make([]Preset, len(presets))
	for i, p := range presets {
		list[i] = p.Preset
	}
	return list
}

// Part is a preset at a strength of 0..1; 0 changes nothing.
type Part struct {
	Preset   string
	Strength float64
}

// Mix combines presets into Settings; a preset that does not exist or a strength out of
// range is a fault.Invalid.
//
// Gains of the equalizer add up and volumes, speeds, pitches and rates multiply, all held
// in their ranges; of every other filter the strongest counts. The result passes Check.
func Mix(parts ...Part) (Settings, error) {
	var sum Settings
	for _, p := range parts {
		full, ok := find(p.Preset)
		if !ok {
			return Settings{}, refuse("There is no preset %q.", p.Preset)
		}
		if !(p.Strength >= 0 && p.Strength <= 1) {
			return Settings{}, refuse("The strength of %s is %v; it must be between 0 and 1.", p.Preset, p.Strength)
		}
		if p.Strength > 0 {
			sum = join(sum, weaken(full, p.Strength))
		}
	}
	return sum, nil
}

func find(name string) (Settings, bool) {
	for _, p := range presets {
		if p.Name == name {
			return p.full, true
		}
	}
	return Settings{}, false
}

// weaken goes from neutral (0) to s (1) by k: levels in straight lines, speeds and pitches
// in equal steps to the ear.
func weaken(s Settings, k float64) Settings {
	if k == 1 {
		return s
	}
	if s.Volume != 0 {
		s.Volume = 1 + (s.Volume-1)*k
	}
	for i := range s.Equalizer {
		s.Equalizer[i] *= k
	}
	s.Karaoke.Level *= k
	speed, pitch, rate := s.Timescale.ratios()
	s.Timescale = timescaleOf(math.Pow(speed, k), math.Pow(pitch, k), math.Pow(rate, k))
	s.Tremolo.Depth *= k
	s.Vibrato.Depth *= k
	if s.Distortion.On {
		s.Distortion = drive(s.Distortion.SinScale * k)
	}
	if s.Rotation != 0 {
		s.RotationDepth = s.turning().Depth * k
	}
	if s.LowPass > 1 {
		s.LowPass = 1 + (s.LowPass-1)*k
	}
	s.BassBoost *= k
	s.Width *= k
	if s.Compression.Ratio > 1 {
		s.Compression.Ratio = 1 + (s.Compression.Ratio-1)*k
		s.Compression.Threshold *= k
		s.Compression.Makeup *= k
	}
	s.Echo.Mix *= k
	s.Reverb.Mix *= k
	return s
}

// join is a and b together.
func join(a, b Settings) Settings {
	a.Volume = times(a.Volume, b.Volume, 0.01, 5)
	for i, g := range b.Equalizer {
		a.Equalizer[i] = min(max(a.Equalizer[i]+g, -0.25), 1)
	}
	a.Timescale = a.Timescale.times(b.Timescale)
	a.Karaoke = stronger(a.Karaoke, b.Karaoke, a.Karaoke.Level, b.Karaoke.Level)
	a.Tremolo = stronger(a.Tremolo, b.Tremolo, a.Tremolo.Depth, b.Tremolo.Depth)
	a.Vibrato = stronger(a.Vibrato, b.Vibrato, a.Vibrato.Depth, b.Vibrato.Depth)
	a.Distortion = stronger(a.Distortion, b.Distortion, a.Distortion.SinScale, b.Distortion.SinScale)
	if b.Rotation != 0 && (a.Rotation == 0 || b.turning().Depth > a.turning().Depth) {
		a.Rotation, a.RotationDepth = b.Rotation, b.RotationDepth
	}
	a.LowPass = max(a.LowPass, b.LowPass)
	a.BassBoost = max(a.BassBoost, b.BassBoost)
	a.Width = stronger(a.Width, b.Width, a.Width, b.Width)
	a.Compression = stronger(a.Compression, b.Compression, a.Compression.Ratio, b.Compression.Ratio)
	a.Echo = stronger(a.Echo, b.Echo, a.Echo.Mix, b.Echo.Mix)
	a.Reverb = stronger(a.Reverb, b.Reverb, a.Reverb.Mix, b.Reverb.Mix)
	return a
}

// times multiplies two factors of which 0 stands for 1.
func times(a, b, least, most float64) float64 {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return min(max(a*b, least), most)
}

func stronger[T any](a, b T, strengthA, strengthB float64) T {
	if math.Abs(strengthB) > math.Abs(strengthA) {
		return b
	}
	return a
}

// times is one timescale after the other, held in the ranges that Check knows.
func (t Timescale) times(u Timescale) Timescale {
	speed, pitch, rate := t.ratios()
	s, p, r := u.ratios()
	return timescaleOf(speed*s, pitch*p, rate*r).within()
}
