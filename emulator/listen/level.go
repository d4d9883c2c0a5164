package listen

import (
	"math"

	"busker/audio"
)

// quiet is the mean square below which a frame counts as silent: −60 dBFS.
const quiet = 1e-6

// level measures how loud decoded samples are.
type level struct {
	squares [audio.Channels]float64
	samples int64 // per channel
	silent  int64 // of them, in silent frames
	peak    float64
}

func (l *level) add(pcm []float32) {
	var squares [audio.Channels]float64
	for i, v := range pcm {
		x := float64(v)
		squares[i%audio.Channels] += x * x
		l.peak = max(l.peak, math.Abs(x))
	}
	n := int64(len(pcm) / audio.Channels)
	l.samples += n
	l.squares[0] += squares[0]
	l.squares[1] += squares[1]
	if n > 0 && (squares[0]+squares[1])/float64(len(pcm)) < quiet {
		l.silent += n
	}
}

// addSilence counts n samples of digital silence.
func (l *level) addSilence(n int64) {
	l.samples += n
	l.silent += n
}

// rms returns the level of one channel in dBFS; silence is −Inf.
func (l *level) rms(channel int) float64 {
	return decibels(l.squares[channel] / float64(max(l.samples, 1)))
}

// decibels converts a mean square.
func decibels(power float64) float64 { return 10 * math.Log10(power) }

func (l *level) silence() float64 {
	return float64(l.silent) / float64(max(l.samples, 1))
}
