package dsp

import (
	"fmt"
	"math"

	"busker/dsp/limit"
	"busker/dsp/room"
	"busker/dsp/stretch"
	"busker/internal/fault"
)

// value is a number of the Settings with its range. A value of 0 is always in range: it
// means off, or a default.
type value struct {
	name        string
	is          float64
	least, most float64
}

func (v value) check() error {
	switch {
	case math.IsNaN(v.is) || math.IsInf(v.is, 0):
		return refuse("%s is not a number.", v.name)
	case v.is != 0 && (v.is < v.least || v.is > v.most):
		return refuse("%s is %v; it must be between %v and %v.", v.name, v.is, v.least, v.most)
	}
	return nil
}

func refuse(format fault.Term, args ...any) error {
	return fault.Newf(fault.Invalid, string(format), args...)
}

// Check says what is out of range in s, as a fault.Invalid that names it.
func (s Settings) Check() error {
	for i, g := range s.Equalizer {
		if err := (value{fmt.Sprintf("equalizer[%d]", i), g, -0.25, 1}).check(); err != nil {
			return err
		}
	}
	for _, v := range s.values() {
		if err := v.check(); err != nil {
			return err
		}
	}
	return s.together()
}

func (s Settings) values() []value {
	list := []value{
		{"volume", s.Volume, 0, 5},
		{"karaoke.level", s.Karaoke.Level, 0, 1},
		{"karaoke.monoLevel", s.Karaoke.MonoLevel, 0, 1},
		{"karaoke.filterBand", s.Karaoke.Band, 1, 20000},
		{"karaoke.filterWidth", s.Karaoke.Width, 1, 20000},
		{"timescale.speed", s.Timescale.Speed, stretch.Min, stretch.Max},
		{"timescale.pitch", s.Timescale.Pitch, stretch.Min, stretch.Max},
		{"timescale.rate", s.Timescale.Rate, stretch.Min, stretch.Max},
		{"tremolo.frequency", s.Tremolo.Frequency, 0.01, 100},
		{"tremolo.depth", s.Tremolo.Depth, 0, 1},
		{"vibrato.frequency", s.Vibrato.Frequency, 0.01, 14},
		{"vibrato.depth", s.Vibrato.Depth, 0, 1},
		{"rotation", s.Rotation, -100, 100},
		{"rotationDepth", s.RotationDepth, 0, 1},
		{"channelMix.leftToLeft", s.ChannelMix.LeftToLeft, -1, 1},
		{"channelMix.leftToRight", s.ChannelMix.LeftToRight, -1, 1},
		{"channelMix.rightToLeft", s.ChannelMix.RightToLeft, -1, 1},
		{"channelMix.rightToRight", s.ChannelMix.RightToRight, -1, 1},
		{"lowPass", s.LowPass, 0, 10000},
		{"bassBoost", s.BassBoost, 0, 18},
		{"width", s.Width, -1, 1},
	}
	list = append(list, s.Distortion.values()...)
	list = append(list, compression(s.Compression)...)
	return append(list, rooms(s.Echo, s.Reverb)...)
}

func (d Distortion) values() []value {
	const most = 1000 // a distortion of everything; any real one is below 10
	return []value{
		{"distortion.sinOffset", d.SinOffset, -most, most},
		{"distortion.sinScale", d.SinScale, -most, most},
		{"distortion.cosOffset", d.CosOffset, -most, most},
		{"distortion.cosScale", d.CosScale, -most, most},
		{"distortion.tanOffset", d.TanOffset, -most, most},
		{"distortion.tanScale", d.TanScale, -most, most},
		{"distortion.offset", d.Offset, -most, most},
		{"distortion.scale", d.Scale, -most, most},
	}
}

func compression(c limit.Compression) []value {
	return []value{
		{"compression.threshold", c.Threshold, -60, 0},
		{"compression.ratio", c.Ratio, 1, 100},
		{"compression.knee", c.Knee, 0, 24},
		{"compression.attack", c.Attack, 0.1, 500},
		{"compression.release", c.Release, 1, 5000},
		{"compression.makeup", c.Makeup, -24, 24},
	}
}

func rooms(e room.Echoing, r room.Reverberation) []value {
	return []value{
		{"echo.delay", e.Delay, 0.02, 2},
		{"echo.decay", e.Decay, 0, 0.95},
		{"echo.mix", e.Mix, 0, 1},
		{"reverb.mix", r.Mix, 0, 1},
		{"reverb.size", r.Size, 0, 1},
		{"reverb.damping", r.Damping, 0, 1},
		{"reverb.width", r.Width, 0, 1},
		{"reverb.preDelay", r.PreDelay, 0, 200},
	}
}

// together checks what several values say only jointly.
func (s Settings) together() error {
	speed, pitch, rate := s.Timescale.ratios()
	switch heard := pitch * rate; {
	case heard < stretch.Min || heard > stretch.Max:
		return refuse("timescale.pitch times timescale.rate is %v; it must be between %v and %v.",
			heard, float64(stretch.Min), float64(stretch.Max))
	case speed/pitch < leastTempo || speed/pitch > mostTempo:
		return refuse("timescale.speed divided by timescale.pitch is %v; it must be between 0.125 and 8.", speed/pitch)
	case s.Tremolo.Depth > 0 && s.Tremolo.Frequency == 0:
		return refuse("tremolo.frequency must be above 0.")
	case s.Vibrato.Depth > 0 && s.Vibrato.Frequency == 0:
		return refuse("vibrato.frequency must be above 0.")
	case s.Echo.Mix > 0 && s.Echo.Delay == 0:
		return refuse("echo.delay must be above 0.")
	}
	return nil
}
