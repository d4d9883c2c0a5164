package limit_test

import (
	"math"
	"testing"

	"busker/audio"
	"busker/dsp/limit"
)

// settle returns by how many dB a steady tone of this level comes out louder.
func settle(c *limit.Compressor, level float64) float64 {
	a := math.Pow(10, level/20)
	in := blocks(150, func(i int) (float64, float64) {
		v := a * math.Sin(2*math.Pi*1000*float64(i)/audio.SampleRate)
		return v, v / 2
	})
	out := append([]audio.Block(nil), in...)
	for i := range out {
		c.Process(&out[i])
	}
	return rms(side(out[100:], 0)) - rms(side(in[100:], 0))
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return 10 * math.Log10(sum/float64(len(x)))
}

func TestCompressorCurve(t *testing.T) {
	set := limit.Compression{Threshold: -20, Ratio: 4, Knee: 6, Attack: 1, Release: 500}
	made := set
	made.Makeup = 6
	for _, tt := range []struct {
		name  string
		set   limit.Compression
		level float64
		gain  float64
	}{
		{"below the knee", set, -30, 0},
		{"in the middle of the knee", set, -20, -0.5625},
		{"above the knee", set, -8, -9},
		{"full scale", set, 0, -15},
		{"makeup", made, -8, -3},
		{"makeup of what is quiet", made, -40, 6},
		{"off", limit.Compression{Threshold: -20, Makeup: 6}, 0, 0},
		{"no ratio", limit.Compression{Threshold: -20, Ratio: 1}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := settle(limit.NewCompressor(tt.set), tt.level); math.Abs(got-tt.gain) > 0.15 {
				t.Errorf("%.2f dB, not %.2f", got, tt.gain)
			}
		})
	}
}

func TestCompressorTimes(t *testing.T) {
	c := limit.NewCompressor(limit.Compression{Threshold: -20, Ratio: 10, Attack: 10, Release: 200})
	in := blocks(100, func(i int) (float64, float64) {
		if i >= 24000 && i < 48000 {
			return 1, 1
		}
		return 0.01, 0.01
	})
	for i := range in {
		c.Process(&in[i])
	}
	x := side(in, 0)
	gain := func(i int) float64 { // dB
		v := 20 * math.Log10(x[i])
		if i >= 24000 && i < 48000 {
			return v
		}
		return v + 40
	}
	if g := gain(24000 + 480); math.Abs(g+18*(1-1/math.E)) > 0.8 {
		t.Errorf("after the attack time %.1f dB of 18", g)
	}
	if g := gain(47999); math.Abs(g+18) > 0.1 {
		t.Errorf("in the end %.1f dB of 18", g)
	}
	if g := gain(48000 + 9600); math.Abs(g+18/math.E) > 0.8 {
		t.Errorf("after the release time %.1f dB", g)
	}
}

func TestCompressorOffIsTheInput(t *testing.T) {
	c := limit.NewCompressor(limit.Compression{Threshold: -30, Ratio: 4, Attack: 5, Release: 50, Makeup: 6})
	f := func(i int) (float64, float64) { return 0.5 * math.Sin(float64(i)*0.1), 0.3 }
	in := blocks(100, f)
	for i := range in {
		if i == 20 {
			c.Set(limit.Compression{})
		}
		c.Process(&in[i])
	}
	if in[99] != blocks(100, f)[99] {
		t.Error("two seconds after it was set off the output is not the input")
	}
}

func TestCompressorSettingsGlide(t *testing.T) {
	c := limit.NewCompressor(limit.Compression{})
	in := blocks(60, func(i int) (float64, float64) {
		v := 0.5 * math.Sin(2*math.Pi*100*float64(i)/audio.SampleRate)
		return v, v
	})
	for i := range in {
		switch i {
		case 10:
			c.Set(limit.Compression{Threshold: -30, Ratio: 8, Attack: 5, Release: 100, Makeup: 12})
		case 40:
			c.Set(limit.Compression{})
		}
		c.Process(&in[i])
	}
	x := side(in, 0)
	for i := 1; i < len(x); i++ {
		if d := math.Abs(x[i] - x[i-1]); d > 0.05 {
			t.Fatalf("a step of %.3f at sample %d", d, i)
		}
	}
}

func TestCompressorRecoversFromNonsense(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), 3e38, -1e30} {
		c := limit.NewCompressor(limit.Compression{Threshold: -20, Ratio: 4, Attack: 5, Release: 100, Makeup: 3})
		b := blocks(300, func(i int) (float64, float64) { return 0.01, 0.01 })
		b[3][100], b[4][7] = bad, bad
		for i := range b {
			c.Process(&b[i])
			for _, v := range b[i] {
				if !(math.Abs(float64(v)) < 200) {
					t.Fatalf("%v made %v", bad, v)
				}
			}
		}
		if got := float64(b[299][9]); math.Abs(got/0.01-1.41) > 0.01 {
			t.Errorf("%v: %v six seconds later", bad, got)
		}
	}
}

func TestCompressorAllocatesNothing(t *testing.T) {
	c := limit.NewCompressor(limit.Compression{Threshold: -20, Ratio: 4})
	b := blocks(1, func(i int) (float64, float64) { return 1, 1 })
	if n := testing.AllocsPerRun(100, func() { c.Set(limit.Compression{Ratio: 3}); c.Process(&b[0]) }); n > 0 {
		t.Errorf("%v allocations per block", n)
	}
}

func FuzzCompressor(f *testing.F) {
	f.Add([]byte{0, 0, 128, 127, 1, 2, 3, 4}, -20.0, 4.0, 6.0, 5.0, 100.0, 3.0)
	f.Fuzz(func(t *testing.T, data []byte, threshold, ratio, knee, attack, release, makeup float64) {
		c := limit.NewCompressor(limit.Compression{})
		c.Set(limit.Compression{Threshold: threshold, Ratio: ratio, Knee: knee, Attack: attack, Release: release, Makeup: makeup})
		for range 4 {
			b := scatter(data)
			c.Process(&b)
			for i, v := range b {
				if off := !(ratio > 1); !off && !(math.Abs(float64(v)) < 1e6) {
					t.Fatalf("%v at %d", v, i)
				}
			}
		}
	})
}

func BenchmarkCompressor(b *testing.B) {
	c := limit.NewCompressor(limit.Compression{Threshold: -20, Ratio: 4, Knee: 6, Attack: 5, Release: 100})
	in := blocks(1, func(i int) (float64, float64) { return math.Sin(float64(i) * 0.1), 0.5 })
	b.ReportAllocs()
	for b.Loop() {
		work := in[0]
		c.Process(&work)
	}
}
