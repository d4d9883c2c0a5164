package stretch_test

import (
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp/stretch"
)

func TestNothingIsAllocated(t *testing.T) {
	in := music(50)
	for _, tt := range []struct{ tempo, pitch, rate float64 }{{1, 1, 1}, {1.3, 1.1, 0.9}, {0.5, 1, 1}, {1, 1, 1.2345}} {
		s := stretch.New()
		s.Set(tt.tempo, tt.pitch, tt.rate)
		var b audio.Block
		i := 0
		if n := testing.AllocsPerRun(200, func() {
			s.Push(&in[i%len(in)])
			for s.Pull(&b) {
			}
			i++
		}); n > 0 {
			t.Errorf("%v: %v allocations per block", tt, n)
		}
	}
}

func TestNeutralFromNewIsTheInput(t *testing.T) {
	s := stretch.New()
	in := music(20)
	var b audio.Block
	for i := range in {
		s.Push(&in[i])
		if !s.Pull(&b) || b != in[i] || s.Pull(&b) || s.Delay() != 0 || s.Speed() != 1 {
			t.Fatal("a neutral stretcher changes something")
		}
	}
	if n := s.Drain(&b); n != 0 {
		t.Errorf("%d samples are left", n)
	}
}

func TestResetHoldsSettingsAtOnce(t *testing.T) {
	s := stretch.New()
	in := tone(60, 440, 0.5)
	run(s, in)
	s.Push(&in[0])
	s.Set(1, 1, 1.5)
	s.Reset()
	if s.Speed() != 1.5 || s.Delay() != 0 || s.Neutral() {
		t.Errorf("speed %v, delay %v, neutral %v", s.Speed(), s.Delay(), s.Neutral())
	}
	left, _ := run(s, in)
	if want := 60 * audio.FrameSamples * 2 / 3; len(left) != want {
		t.Errorf("%d samples, not %d", len(left), want)
	}
	again, _ := run(s, in) // Drain has Reset it
	for i := range again {
		if again[i] != left[i] {
			t.Fatalf("sample %d differs the second time", i)
		}
	}
}

func TestSettingsAreBounded(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct{ tempo, pitch, rate, speed float64 }{
		{0, -1, nan, 1},
		{100, 1, 1, 4},
		{0.01, 1, 1, 0.25},
		{1, 1, math.Inf(1), 4},
		{1, 4, 4, 1}, // a rate of 1 is left for a pitch of 4
		{4, 0.25, 1, 2},
	} {
		s := stretch.New()
		if s.Set(tt.tempo, tt.pitch, tt.rate); math.Abs(s.Speed()-tt.speed) > 1e-9 {
			t.Errorf("%v: speed %v", tt, s.Speed())
		}
	}
}

func TestNonsenseIsSilence(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, 1e-40} {
		s := stretch.New()
		s.Set(1.2, 1.1, 0.9)
		in := tone(80, 300, 0.4)
		for i := range 20 {
			in[10+i][i*31] = bad
		}
		left, right := run(s, in)
		for i := range left {
			if !(math.Abs(left[i]) < 1 && math.Abs(right[i]) < 1) {
				t.Fatalf("%v made %v at %d", bad, left[i], i)
			}
		}
		if l := level(left[len(left)-9600 : len(left)-4800]); math.Abs(l-20*math.Log10(0.4)) > 0.5 {
			t.Errorf("%v: %.1f dB in the end", bad, l)
		}
	}
}

func TestSilenceCostsNoMore(t *testing.T) {
	s := stretch.New()
	s.Set(1.25, 1.1, 1)
	loud, still := music(50), make([]audio.Block, 50)
	cost := func(in []audio.Block) time.Duration {
		var b audio.Block
		return fastest(func() {
			for i := range in {
				s.Push(&in[i])
				for s.Pull(&b) {
				}
			}
		})
	}
	music, silence := cost(loud), cost(still)
	for i := range still {
		for k := range still[i] {
			still[i][k] = 1e-39
		}
	}
	if denormal := cost(still); max(silence, denormal) > 2*music {
		t.Errorf("%v in music, %v in silence, %v in denormals", music, silence, denormal)
	}
}

// fastest is the shortest of several runs of f: what it costs when nothing else runs.
func fastest(f func()) time.Duration {
	best := time.Hour
	runs := 20
	if racing {
		runs = 5
	}
	for range runs {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}

// Whatever is set and sent, whoever forgets to pull: finite output of a bounded amount.
func FuzzStretcher(f *testing.F) {
	f.Add([]byte{0, 0, 128, 63, 1, 2, 3, 4}, 1.0, 1.0, 1.25, 0.8, 1.3, 1.0, uint8(7))
	f.Add([]byte{1}, 4.0, 0.25, 1.0, 0.25, 4.0, 4.0, uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, t1, p1, r1, t2, p2, r2 float64, rhythm uint8) {
		s := stretch.New()
		in := scatter(data)
		var b audio.Block
		out := 0
		check := func(n int) {
			for i, v := range b[:2*n] {
				if !(math.Abs(float64(v)) < 1e8) {
					t.Fatalf("%v at %d", v, i)
				}
			}
			out += n
		}
		const blocks = 60
		for i := range blocks {
			switch i {
			case int(rhythm) % 16:
				s.Set(t1, p1, r1)
			case 20:
				s.Set(t2, p2, r2)
			case 40:
				s.Set(1, 1, 1)
			}
			if s.Neutral() {
				s.Push(&b)
			} else {
				s.Push(&in)
			}
			if rhythm > 128 && i%3 == 0 {
				continue // a caller who does not pull
			}
			pulls := 0
			for ; s.Pull(&b); pulls++ {
				check(audio.FrameSamples)
			}
			if pulls > stretch.MaxPulls {
				t.Fatalf("%d blocks from one", pulls)
			}
			if d := s.Delay(); !(d > -1 && d < 40) { // at 16 times the speed, half a block is eight
				t.Fatalf("delay of %v blocks", d)
			}
		}
		for n := s.Drain(&b); n > 0; n = s.Drain(&b) {
			check(n)
		}
		if out > 17*blocks*audio.FrameSamples || out < blocks/17*audio.FrameSamples {
			t.Fatalf("%d samples came out", out)
		}
	})
}

// scatter fills a block with data's bits, over and over.
func scatter(data []byte) (b audio.Block) {
	for i := range b {
		var bits uint32
		for k := range 4 {
			if len(data) > 0 {
				bits |= uint32(data[(4*i+k)%len(data)]) << (8 * k)
			}
		}
		b[i] = math.Float32frombits(bits)
	}
	return b
}
