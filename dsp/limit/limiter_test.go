package limit_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"busker/audio"
	"busker/dsp/limit"
)

// signals are made by functions of the sample's number.
func signals() map[string]func(i int) (left, right float64) {
	r := rand.New(rand.NewPCG(3, 4))
	tone := func(hertz, a float64) func(int) (float64, float64) {
		return func(i int) (float64, float64) {
			v := a * math.Sin(2*math.Pi*hertz*float64(i)/audio.SampleRate+0.3)
			return v, -0.5 * v
		}
	}
	return map[string]func(i int) (float64, float64){
		"50 Hz +6":    tone(50, 2),
		"997 Hz +6":   tone(997, 2),
		"10 kHz +3":   tone(10007, 1.41),
		"15 kHz +3":   tone(15013, 1.41),
		"19 kHz +3":   tone(19001, 1.41),
		"quarter +3":  func(i int) (float64, float64) { return 1.41 * math.Sin(math.Pi/2*float64(i)+math.Pi/4), 0 },
		"white +6":    func(int) (float64, float64) { return r.NormFloat64(), r.NormFloat64() },
		"square +6":   func(i int) (float64, float64) { return math.Copysign(2, math.Sin(float64(i)*0.05)), 0 },
		"clicks":      func(i int) (float64, float64) { return click(i), -click(i + 500) },
		"bursts":      func(i int) (float64, float64) { return burst(i) * r.NormFloat64(), burst(i + 999) },
		"clipped +12": func(i int) (float64, float64) { return clip(4 * math.Sin(float64(i)*0.031)), clip(r.NormFloat64()) },
	}
}

func click(i int) float64 {
	if i%1777 == 0 {
		return 3
	}
	return 0.1 * math.Sin(float64(i)*0.02)
}

func burst(i int) float64 {
	if i/700%3 == 0 {
		return 1.2
	}
	return 0.05
}

func clip(v float64) float64 { return min(max(v, -1), 1) }

func blocks(n int, f func(i int) (left, right float64)) []audio.Block {
	out := make([]audio.Block, n)
	for i := range n * audio.FrameSamples {
		l, r := f(i)
		b := &out[i/audio.FrameSamples]
		b[2*(i%audio.FrameSamples)], b[2*(i%audio.FrameSamples)+1] = float32(l), float32(r)
	}
	return out
}

func side(in []audio.Block, c int) (x []float64) {
	for i := range in {
		for k := c; k < len(in[i]); k += 2 {
			x = append(x, float64(in[i][k]))
		}
	}
	return x
}

func TestOutputStaysBelowTheCeiling(t *testing.T) {
	for name, f := range signals() {
		ceilings := []float64{-1, -6}
		if racing {
			ceilings = ceilings[:1]
		}
		for _, ceiling := range ceilings {
			t.Run(fmt.Sprint(name, ceiling), func(t *testing.T) {
				l := limit.NewLimiter(ceiling)
				b := audible(blocks(12, f))
				for i := range b {
					l.Process(&b[i])
				}
				highest := max(truePeak(side(b, 0)), truePeak(side(b, 1)))
				db := 20 * math.Log10(highest)
				if db > ceiling+0.1 {
					t.Errorf("true peak %.3f dBTP above a ceiling of %v", db, ceiling)
				}
				if db < ceiling-0.6 {
					t.Errorf("true peak %.3f dBTP only", db)
				}
			})
		}
	}
}

// audible removes what lies above 20 kHz, where interpolating filters disagree, and what
// no codec keeps.
func audible(in []audio.Block) []audio.Block {
	const half = 95
	var table [half + 1]float64
	for i := range table {
		d := float64(i)
		w := math.Cos(math.Pi * d / (2 * half))
		table[i] = w * w * 2 * 0.41
		if d != 0 {
			table[i] *= math.Sin(2*math.Pi*0.41*d) / (2 * math.Pi * 0.41 * d)
		}
	}
	x := [2][]float64{side(in, 0), side(in, 1)}
	return blocks(len(in), func(i int) (left, right float64) {
		for k := max(i-half, 0); k <= min(i+half, len(x[0])-1); k++ {
			h := table[max(k-i, i-k)]
			left, right = left+h*x[0][k], right+h*x[1][k]
		}
		return left, right
	})
}

// truePeak is the highest of 8 points per sample, by a sinc four times as long as the
// Limiter's own.
func truePeak(x []float64) (highest float64) {
	const half = 32
	var rows [8][2 * half]float64
	for p := range rows {
		for i := range rows[p] {
			d := float64(i-half+1) - float64(p)/8
			w := math.Cos(math.Pi * d / (2 * half))
			rows[p][i] = w * w
			if d != 0 {
				rows[p][i] *= math.Sin(math.Pi*d) / (math.Pi * d)
			}
		}
	}
	for i := 0; i+2*half <= len(x); i++ {
		for p := range rows {
			sum := 0.0
			for k, v := range rows[p] {
				sum += v * x[i+k]
			}
			highest = max(highest, math.Abs(sum))
		}
	}
	return highest
}

func TestQuietSoundOnlyComesLater(t *testing.T) {
	l := limit.NewLimiter(-1)
	in := blocks(20, func(i int) (float64, float64) {
		return 0.8 * math.Sin(float64(i)*0.05), 0.6 * math.Sin(float64(i)*0.11)
	})
	out := append([]audio.Block(nil), in...)
	for i := range out {
		l.Process(&out[i])
		if !l.Idle() {
			t.Fatal("not idle")
		}
	}
	for c := range 2 {
		x, y := side(in, c), side(out, c)
		for i := range y[l.Delay():] {
			if y[i+l.Delay()] != x[i] {
				t.Fatalf("sample %d is not the input's", i)
			}
		}
	}
}

func TestComesBackAfterAPeak(t *testing.T) {
	l := limit.NewLimiter(-1)
	in := blocks(100, func(i int) (float64, float64) {
		v := 0.5 * math.Sin(float64(i)*0.05)
		if i > 9600 && i < 14400 {
			v *= 4
		}
		return v, v
	})
	out := append([]audio.Block(nil), in...)
	busy := false
	for i := range out {
		l.Process(&out[i])
		busy = busy || !l.Idle()
	}
	if !busy || !l.Idle() {
		t.Errorf("busy %v, idle at the end %v", busy, l.Idle())
	}
	x, y := side(in, 0), side(out, 0)
	for i := len(x) - 4800; i < len(x); i++ {
		if y[i] != x[i-l.Delay()] {
			t.Fatal("the end is still turned down")
		}
	}
}

// Steady limiting of a tone is a gain, not a distortion.
func TestDistortionOfASteadyTone(t *testing.T) {
	for _, tt := range []struct{ hertz, most float64 }{{100, -40}, {1000, -60}, {5000, -60}} {
		l := limit.NewLimiter(-1)
		b := blocks(100, func(i int) (float64, float64) {
			v := 2 * math.Sin(2*math.Pi*tt.hertz*float64(i)/audio.SampleRate)
			return v, v
		})
		for i := range b {
			l.Process(&b[i])
		}
		x := side(b, 0)[48000:96000]
		var re, im, all float64
		for i, v := range x {
			s, c := math.Sincos(2 * math.Pi * tt.hertz * float64(i) / audio.SampleRate)
			re, im, all = re+v*c, im+v*s, all+v*v
		}
		tone := 2 * (re*re + im*im) / float64(len(x))
		if db := 10 * math.Log10((all-tone)/tone); db > tt.most {
			t.Errorf("%v Hz: distortion %.1f dB", tt.hertz, db)
		}
	}
}

func TestLimiterRecoversFromNonsense(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, -1e30, 1e-40} {
		l := limit.NewLimiter(-1)
		b := blocks(200, func(i int) (float64, float64) { return 0.3 * math.Sin(float64(i)*0.1), 0.2 })
		for i := range 10 {
			for k := i; k < len(b[5]); k += 37 {
				b[5+i][k] = bad
			}
		}
		for i := range b {
			l.Process(&b[i])
			for _, v := range b[i] {
				if !(math.Abs(float64(v)) < 0.9) {
					t.Fatalf("%v made %v in block %d", bad, v, i)
				}
			}
		}
		if !l.Idle() {
			t.Errorf("%v: not idle three seconds later", bad)
		}
	}
}

func TestLimiterAllocatesNothing(t *testing.T) {
	l := limit.NewLimiter(-1)
	b := blocks(1, func(i int) (float64, float64) { return 2 * math.Sin(float64(i)), 1 })
	if n := testing.AllocsPerRun(100, func() { l.Process(&b[0]); b[0][7] = 5 }); n > 0 {
		t.Errorf("%v allocations per block", n)
	}
}

func FuzzLimiter(f *testing.F) {
	f.Add([]byte{0, 0, 128, 127, 1, 2, 3, 4}, -1.0)
	f.Fuzz(func(t *testing.T, data []byte, ceiling float64) {
		if !(ceiling > -40 && ceiling <= 0) {
			return
		}
		l := limit.NewLimiter(ceiling)
		top := math.Pow(10, ceiling/20)
		for range 4 {
			b := scatter(data)
			l.Process(&b)
			for i, v := range b {
				if !(math.Abs(float64(v)) <= top*1.0001) {
					t.Fatalf("%v at %d, ceiling %v", v, i, top)
				}
			}
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

func BenchmarkLimiter(b *testing.B) {
	for _, level := range []float64{0.2, 0.7, 1.5} {
		b.Run(fmt.Sprint(level), func(b *testing.B) {
			in := blocks(100, func(i int) (float64, float64) {
				t := float64(i) / audio.SampleRate
				v := math.Sin(345*t) + 0.5*math.Sin(2220*t) + 0.3*math.Sin(9999*t) + 0.2*math.Sin(40000*t)
				return v * level / 2, v * level / 2
			})
			l := limit.NewLimiter(-1)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				work := in[i%100]
				l.Process(&work)
				i++
			}
		})
	}
}
