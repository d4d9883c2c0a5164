package main

import (
	"math"
	"math/rand/v2"

	"busker/audio"
)

const (
	musicTime = 5.0 // s
	sweepTime = 3.0 // s
	beat      = 0.5 // s
)

// tune is the input of all pictures: bass and a voice in the middle, chords on the sides,
// drums, then a sweep.
func tune() []audio.Block {
	t := tuner{noise: rand.New(rand.NewPCG(1, 2))}
	list := make([]audio.Block, int((musicTime+sweepTime)*float64(audio.FramesPerSecond)))
	for i := range list {
		for n := range audio.FrameSamples {
			l, r := t.sample(float64(i*audio.FrameSamples+n) / audio.SampleRate)
			list[i][2*n], list[i][2*n+1] = float32(l), float32(r)
		}
	}
	return list
}

type tuner struct {
	noise *rand.Rand
	phase float64 // of the sweep, in turns
}

func (t *tuner) sample(at float64) (l, r float64) {
	if at < musicTime {
		return t.music(at)
	}
	hertz := 20 * math.Pow(1000, (at-musicTime)/sweepTime)
	t.phase = math.Mod(t.phase+hertz/audio.SampleRate, 1)
	edge := min((at-musicTime)*50, (musicTime+sweepTime-at)*50, 1)
	v := 0.25 * edge * tone(t.phase)
	return v, v
}

var (
	roots  = []float64{55, 43.65, 65.41, 49}        // A F C G
	thirds = []float64{1.1892, 1.2599, 1.2599, 1.2} // minor, then major
	melody = []float64{440, 523.25, 659.26, 587.33, 523.25, 440, 392, 493.88, 440, 329.63}
)

func (t *tuner) music(at float64) (l, r float64) {
	bar := int(at/(2.5*beat)) % len(roots)
	since := math.Mod(at, beat)
	root := roots[bar]
	end := min((musicTime-at)*20, 1)

	bass := 0.28 * (tone(root*at) + 0.3*tone(2*root*at))
	voice := 0.0 // a note per beat with five overtones
	note := melody[int(at/beat)%len(melody)]
	for k := 1.0; k <= 6; k++ {
		voice += tone(k*note*at) / (k * k)
	}
	voice *= 0.12 * math.Exp(-2*since) * min(since*100, 1)
	kick := 0.5 * tone(45*since+3*(1-math.Exp(-30*since))) * math.Exp(-12*since)
	hat := 0.12 * (t.noise.Float64() - 0.5) * math.Exp(-60*math.Mod(at, beat/2))

	left := 0.07 * (tone(4*root*at) + tone(8.02*root*at))
	right := 0.07 * (tone(4*root*thirds[bar]*at) + tone(6*root*at))
	middle := bass + voice + kick
	return end * (middle + left + 0.7*hat), end * (middle + right + hat)
}

// tone is a sine of a phase in turns.
func tone(turns float64) float64 { return math.Sin(2 * math.Pi * turns) }
