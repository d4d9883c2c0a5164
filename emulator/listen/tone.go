package listen

import (
	"math"

	"busker/audio"
)

// toneWindow is the most samples Tone looks at: 1.4 s, a resolution of 0.7 Hz.
const toneWindow = 1 << 16

// Tone finds the strongest frequency of one channel of interleaved stereo PCM at
// 48 kHz, in hertz, and the level of that component in dBFS (a full-scale sine is
// −3 dBFS). It looks at the first 1.4 s.
func Tone(pcm []float32, channel int) (hertz, level float64) {
	n := 1 << 8
	for n*2 <= min(len(pcm)/audio.Channels, toneWindow) {
		n *= 2
	}
	x := make([]complex128, n)
	for i := range min(n, len(pcm)/audio.Channels) {
		hann := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n))
		x[i] = complex(float64(pcm[i*audio.Channels+channel])*hann, 0)
	}
	fft(x, false)
	power := func(k int) float64 { return real(x[k])*real(x[k]) + imag(x[k])*imag(x[k]) }
	best := 1
	for k := 2; k < n/2-1; k++ {
		if power(k) > power(best) {
			best = k
		}
	}
	// A line spreads over three bins of a Hann window; their power is 3/8·n² of a
	// unit sine's half square each way.
	sum := power(best-1) + power(best) + power(best+1)
	a, b, c := math.Log(power(best-1)+tiny), math.Log(power(best)+tiny), math.Log(power(best+1)+tiny)
	offset := (a - c) / (2 * (a - 2*b + c))
	if math.IsNaN(offset) || math.IsInf(offset, 0) {
		offset = 0
	}
	hertz = (float64(best) + offset) * audio.SampleRate / float64(n)
	return hertz, decibels(sum * 2 / (float64(n) * float64(n) * 3 / 8))
}

// tiny keeps logarithms of silence finite.
const tiny = 1e-30
