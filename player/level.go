package player

import (
	"math"

	"busker/audio"
	"busker/dsp/loudness"
	"busker/track"
)

const (
	// targetLoudness is what normalised tracks come out at, in LUFS: what streaming
	// services have made listeners used to.
	targetLoudness = -14
	// maxBoost is the most a quiet track is turned up, in dB: more is mostly noise.
	maxBoost = 12
	// maxPeak is what a track whose peaks are known is not turned up beyond, in dBTP.
	maxPeak = -1
	// slowGlide is how fast the level of a track whose loudness is only being found out
	// moves, in dB per frame: 0.5 dB/s.
	slowGlide = 0.5 / float64(audio.FramesPerSecond)
	// fastGlide is how fast it moves when normalisation is switched on or off.
	fastGlide = 12 / float64(audio.FramesPerSecond)
	// listenEvery is how many frames pass between two looks at the meter.
	listenEvery = audio.FramesPerSecond
)

// level turns one track up or down to the target loudness.
type level struct {
	now     float64         // dB
	factor  float32         // of now
	begun   bool            // something was heard at this level
	meter   *loudness.Meter // of a track that says nothing of its loudness; nil = not needed yet
	metered int             // frames the meter was given
	missed  bool            // it was not given all
	guess   float64         // dB; what the meter says to turn up by
}

// unity reports that the track is left as it is.
func (l *level) unity() bool { return l.now == 0 }

// boosts reports that peaks may go beyond full scale.
func (l *level) boosts(known track.Loudness) bool {
	return l.now > 0 && (!known.Known || known.Peak <= 0)
}

// apply brings samples on with the level, and measures whole blocks if that is needed.
func (l *level) apply(b []float32, on bool, known track.Loudness) {
	if !l.begun {
		l.factor = 1
	}
	if !on {
		l.missed = true
		if l.now == 0 && l.factor == 1 {
			l.begun = true
			return
		}
	}
	if on && !known.Known {
		l.measure(b)
	}
	from := l.factor
	if !l.begun { // the first sample has the right level, where it is known
		if on && known.Known {
			l.now = boost(known)
		}
		l.factor = decibels(l.now)
		from = l.factor
	} else {
		l.move(on, known)
	}
	l.begun = true
	if from == 1 && l.factor == 1 {
		return
	}
	step := (l.factor - from) / float32(len(b)/audio.Channels)
	for i := 0; i+1 < len(b); i += audio.Channels {
		from += step
		b[i] *= from
		b[i+1] *= from
	}
}

func (l *level) move(on bool, known track.Loudness) {
	target, rate := 0.0, fastGlide
	switch {
	case on && known.Known:
		target = boost(known)
	case on:
		target, rate = l.guess, slowGlide
	}
	if l.now != target {
		l.now += min(max(target-l.now, -rate), rate)
	}
	l.factor = decibels(l.now)
}

// dim makes the level be a share of what it was, from which it comes back.
func (l *level) dim(share float32) { l.factor *= share }

func (l *level) measure(b []float32) {
	if l.meter == nil {
		l.meter = loudness.NewMeter()
	}
	if len(b) < audio.FrameSamples*audio.Channels { // a part at an end
		return
	}
	l.meter.Add((*audio.Block)(b))
	if l.metered++; l.metered%listenEvery == 0 {
		if lufs, ok := l.meter.Integrated(); ok {
			l.guess = boost(track.Loudness{LUFS: lufs, Known: true})
		}
	}
}

// measured returns what the meter found, if it heard everything.
func (l *level) measured() (track.Loudness, bool) {
	if l.meter == nil || l.missed {
		return track.Loudness{}, false
	}
	lufs, ok := l.meter.Integrated()
	return track.Loudness{LUFS: lufs, Peak: l.meter.TruePeak(), Known: true}, ok
}

// boost returns by how many dB to turn a track up.
func boost(l track.Loudness) float64 {
	gain := min(targetLoudness-l.LUFS, maxBoost)
	if l.Peak > 0 && gain > 0 {
		gain = max(0, min(gain, maxPeak-20*math.Log10(l.Peak)))
	}
	if math.IsNaN(gain) {
		return 0
	}
	return max(gain, -60)
}

func decibels(db float64) float32 {
	if db == 0 {
		return 1
	}
	return float32(math.Exp(db * (math.Ln10 / 20)))
}
