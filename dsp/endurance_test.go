package dsp_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
)

var long = flag.Bool("long", false, "run the hour of each preset whole, not ten seconds of it")

// music is an endless tune with drums: bass, chords, hats, a little noise, gaps and
// outbursts beyond full scale.
type music struct {
	r     *rand.Rand
	at    int
	phase [4]float64
}

func newMusic() *music { return &music{r: rand.New(rand.NewPCG(5, 6))} }

func (m *music) block() (b audio.Block) {
	beat := m.at / 24 // half a second
	notes := [4]float64{55, 220, 277.2, 329.6}
	level := [4]float64{0.35, 0.12, 0.12, 0.12}
	loud := 1.0
	switch beat % 64 {
	case 60, 61:
		loud = 0 // a gap
	case 63:
		loud = 4
	}
	for n := range audio.FrameSamples {
		var l, r float64
		for i := range notes {
			shift := math.Exp2(float64(beat/4%5) / 12)
			m.phase[i] = math.Mod(m.phase[i]+notes[i]*shift/audio.SampleRate, 1)
			v := level[i] * math.Sin(2*math.Pi*m.phase[i])
			l, r = l+v*(1-0.2*float64(i)), r+v*(0.4+0.2*float64(i))
		}
		decay := math.Exp(-float64((m.at%24)*audio.FrameSamples+n) / 4000)
		l += decay * (m.r.Float64() - 0.5) * 0.6
		r += decay * (m.r.Float64() - 0.5) * 0.6
		b[2*n], b[2*n+1] = float32(loud*l), float32(loud*r)
	}
	m.at++
	return b
}

// Every preset for an hour (with -long): the level neither creeps up nor dies, nothing
// exceeds the ceiling, and time is kept.
func TestPresetsEndure(t *testing.T) {
	frames := 10 * audio.FramesPerSecond
	if *long {
		frames = 3600 * audio.FramesPerSecond
	}
	m := newMusic()
	tune := make([]audio.Block, min(64*24, frames))
	for i := range tune {
		tune[i] = m.block()
	}
	for name, s := range sounds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dsp.NewChain(s)
			var first, last, n float64
			for i := range frames {
				c.Push(&tune[i%len(tune)])
				var b audio.Block
				for c.Pull(&b) {
					power := 0.0
					for _, v := range b {
						if v != v || v > 0.95 || v < -0.95 {
							t.Fatalf("frame %d: %v", i, v)
						}
						power += float64(v) * float64(v)
					}
					n++
					if i < frames/2 {
						first += power
					} else {
						last += power
					}
				}
			}
			if d := 10 * math.Log10(last/first); math.IsNaN(d) || math.Abs(d) > 4 {
				t.Errorf("the second half is %.1f dB louder", d)
			}
			if want := float64(frames) / c.Speed(); math.Abs(n-want) > 10 {
				t.Errorf("%v frames came out, %v should", n, want)
			}
		})
	}
}

// Silence ends in zeros: nothing small goes on for ever.
func TestStatesAreFlushed(t *testing.T) {
	for _, f := range filters {
		if f.name == "distortion" || f.name == "drive" {
			continue
		}
		filter := f.make()
		for _, b := range noise(20, 1) {
			filter.Process(&b)
		}
		quiet := 0
		for range 200 {
			var b audio.Block
			filter.Process(&b)
			quiet++
			for _, v := range b {
				if v != 0 {
					quiet = 0
				}
				if v != 0 && math.Abs(float64(v)) < 1e-30 {
					t.Fatalf("%s: %g is next to a denormal", f.name, v)
				}
			}
		}
		if quiet < 20 {
			t.Errorf("%s: silence is not silent", f.name)
		}
	}
}

// Silence after music must not be slower than music: the least time of many frames of
// each is compared, which a busy machine hardly moves.
func TestSilenceIsNotSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	fastest := func(f dsp.Filter, in []audio.Block) time.Duration {
		least := time.Hour
		frames := 400
		if racing {
			frames = 100
		}
		for i := range frames {
			b := in[i%len(in)]
			start := time.Now()
			f.Process(&b)
			least = min(least, time.Since(start))
		}
		return least
	}
	for _, f := range filters {
		filter := f.make()
		loud := fastest(filter, noise(8, 0.5))
		still := fastest(filter, make([]audio.Block, 1))
		// Where nothing is flushed it is four times as long and never ends.
		if still > 2*loud+2*time.Microsecond {
			t.Errorf("%s: %v for music, %v for silence", f.name, loud, still)
		}
	}
}
