package dsp

import (
	"math"

	"busker/audio"
)

// centres of the equalizer's bands, in Hz (lavaplayer).
var centres = [Bands]float64{25, 40, 63, 100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300, 10000, 16000}

// coefficients of one band-pass, bp[n] = alpha*(x[n]-x[n-2]) + gamma*bp[n-1] - beta*bp[n-2].
type bandPass struct{ alpha, beta, gamma float64 }

// bandPasses are two thirds of an octave wide: theta1 is the lower edge.
var bandPasses = func() (list [Bands]bandPass) {
	for i, hertz := range centres {
		centre := 2 * math.Pi * hertz / audio.SampleRate
		edge := centre / math.Cbrt(2)
		k := (math.Cos(edge) - math.Cos(centre)) / math.Sin(centre)
		beta := (1 - k) / (1 + k)
		list[i] = bandPass{(1 - beta) / 2, beta, (1 + beta) * math.Cos(centre)}
	}
	return list
}()

// weights are the factors of a bank's bands.
type weights [Bands]float64

// bank runs the band-passes in parallel over x[n]-x[n-2], and adds their outputs times
// the weights to the signal.
type bank interface {
	// add goes from the weights of the last block to other ones over b.
	add(b *audio.Block, from, to *weights)
	// settle flushes the states; once per block.
	settle()
	// reset forgets all audio.
	reset()
}

// equalizer is Lavalink's: 15 band-passes beside the signal, out = x + 4*sum(gain*bp).
// Bands of gain 0 cost nothing in the plain bank.
type equalizer struct {
	bank    bank
	now, to weights
}

func newEqualizer(gains [Bands]float64) *equalizer {
	e := &equalizer{bank: newBank()}
	e.Set(gains)
	e.Reset()
	return e
}

// Set glides to other gains during the next block.
func (e *equalizer) Set(gains [Bands]float64) {
	for i, g := range gains {
		e.to[i] = 4 * g * bandPasses[i].alpha
	}
}

// Process equalizes b in place.
func (e *equalizer) Process(b *audio.Block) {
	e.bank.add(b, &e.now, &e.to)
	e.bank.settle()
	e.now = e.to
}

// Reset forgets all audio and ends the glide.
func (e *equalizer) Reset() {
	e.bank.reset()
	e.now = e.to
}

// Tail is how long the lowest band rings, in frames: 100 ms to -60 dB.
func (e *equalizer) Tail() int { return 8 }
