package dsp

import "math"

// unityBand is how far from 1 a volume still counts as 1, as in Lavalink.
const unityBand = 0.02

// volumeGain is Lavalink's volume curve: a tangent up to 150 %, which is nearly the
// factor itself, and a straight line above.
func volumeGain(v float64) float64 {
	switch {
	case v == 0 || math.Abs(1-v) < unityBand:
		return 1
	case v <= 1.5:
		return math.Tan(0.79 * v)
	default:
		return 2.4612 * v / 1.5
	}
}
