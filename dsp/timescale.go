package dsp

import (
	"busker/audio"
	"busker/dsp/stretch"
)

// timescale is the place of the stretcher. Once that exists all audio goes through it,
// changed or not, so that it always can begin without a jump.
type timescale struct{ stretcher *stretch.Stretcher }

// ratios returns speed, pitch and rate; zeros are ones.
func (t Timescale) ratios() (speed, pitch, rate float64) {
	or1 := func(v float64) float64 {
		if v == 0 {
			return 1
		}
		return v
	}
	return or1(t.Speed), or1(t.Pitch), or1(t.Rate)
}

func (t Timescale) neutral() bool {
	speed, pitch, rate := t.ratios()
	return speed == 1 && pitch == 1 && rate == 1
}

// want glides to t. It makes the stretcher when first needed and tells it what was heard
// last, if anything was.
func (t *timescale) want(to Timescale, last *audio.Block) {
	if t.stretcher == nil {
		if to.neutral() {
			return
		}
		t.stretcher = stretch.New()
		if last != nil {
			heard := *last
			t.stretcher.Push(&heard)
			t.stretcher.Pull(&heard)
		}
	}
	t.stretcher.Set(to.ratios())
}

// neutral reports that the place passes blocks on as they are, one for one.
func (t *timescale) neutral() bool { return t.stretcher == nil || t.stretcher.Neutral() }

func (t *timescale) reset() {
	if t.stretcher != nil {
		t.stretcher.Reset()
	}
}

// timescaleOf leaves ones out, so that equal sounds are equal Settings.
func timescaleOf(speed, pitch, rate float64) Timescale {
	unless1 := func(v float64) float64 {
		if v == 1 {
			return 0
		}
		return v
	}
	return Timescale{unless1(speed), unless1(pitch), unless1(rate)}
}

// within holds t in the ranges of the stretcher, also pitch*rate and speed/pitch.
func (t Timescale) within() Timescale {
	speed, pitch, rate := t.ratios()
	bound := func(v float64) float64 { return min(max(v, stretch.Min), stretch.Max) }
	rate = bound(rate)
	pitch = bound(pitch)
	if heard := bound(pitch * rate); heard != pitch*rate {
		pitch = bound(heard / rate)
	}
	speed = bound(min(max(speed, pitch*leastTempo), pitch*mostTempo))
	return timescaleOf(speed, pitch, rate)
}

// What the stretcher can do to the length alone.
const leastTempo, mostTempo = 0.125, 8
