package dsp_test

import (
	"math"
	"sync"
	"testing"

	"busker/audio"
	"busker/dsp"
)

// blend is a second of three tones on each side and noise, below full scale. It is made
// once: who changes it works on copies.
var blend = sync.OnceValue(func() []audio.Block {
	list := noise(50, 0.1)
	for i := range list {
		for n := range audio.FrameSamples {
			at := float64(i*audio.FrameSamples+n) / audio.SampleRate
			list[i][2*n] += float32(0.3*math.Sin(2*math.Pi*60*at) + 0.2*math.Sin(2*math.Pi*997*at))
			list[i][2*n+1] += float32(0.3*math.Sin(2*math.Pi*61*at) + 0.2*math.Cos(2*math.Pi*5000*at))
		}
	}
	return list
})

// formula is a filter as written down, from sample to sample in float64.
type formula func(n int, l, r float64) (float64, float64)

// deviation is the greatest difference between a filter and its formula.
func deviation(f dsp.Filter, want formula) (worst float64) {
	n := 0
	for _, b := range blend() {
		in := b
		f.Process(&b)
		for i := 0; i < len(b); i += 2 {
			l, r := want(n, float64(in[i]), float64(in[i+1]))
			worst = max(worst, math.Abs(l-float64(b[i])), math.Abs(r-float64(b[i+1])))
			n++
		}
	}
	return worst
}

// lavalinkEqualizer is the equalizer straight from its formulas.
func lavalinkEqualizer(gains [dsp.Bands]float64) formula {
	hertz := []float64{25, 40, 63, 100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300, 10000, 16000}
	type memory struct{ x1, x2, y1, y2 float64 }
	var memories [2][dsp.Bands]memory
	return func(_ int, l, r float64) (float64, float64) {
		out := [2]float64{l, r}
		for ch, x := range [2]float64{l, r} {
			sum := 0.25 * x
			for i, f0 := range hertz {
				theta0 := 2 * math.Pi * f0 / 48000
				theta1 := theta0 / math.Pow(2, 1.0/3)
				k := (math.Cos(theta1) - math.Cos(theta0)) / math.Sin(theta0)
				beta := (1 - k) / (1 + k)
				alpha := (1 - beta) / 2
				gamma := (1 + beta) * math.Cos(theta0)
				m := &memories[ch][i]
				y := alpha*(x-m.x2) + gamma*m.y1 - beta*m.y2
				*m = memory{x, m.x1, y, m.y1}
				sum += gains[i] * y
			}
			out[ch] = 4 * sum
		}
		return out[0], out[1]
	}
}

// sine of a phase that grows from 0.
func swing(n int, hertz float64) float64 { return math.Sin(2 * math.Pi * hertz * float64(n) / 48000) }

func TestFiltersAreTheirFormulas(t *testing.T) {
	gains := [dsp.Bands]float64{0.2, -0.1, 0.3, -0.25, 1, 0, 0.05, 0.1, -0.2, 0.4, 0, 0, 0.15, -0.25, 0.6}
	some := [dsp.Bands]float64{3: 0.25, 7: -0.1, 12: 0.3}
	for _, tt := range []struct {
		name  string
		f     dsp.Filter
		want  formula
		least float64 // the deviation may be this much
	}{
		{"equalizer", dsp.NewEqualizer(gains), lavalinkEqualizer(gains), 1e-5},
		{"equalizer, plain", dsp.NewPlainEqualizer(gains), lavalinkEqualizer(gains), 1e-6},
		{"equalizer, three bands", dsp.NewPlainEqualizer(some), lavalinkEqualizer(some), 1e-6},
		{"karaoke", dsp.NewKaraoke(dsp.Karaoke{Level: 0.9, MonoLevel: 0.8}), karaokeFormula(0.9, 0.8, 220, 100), 1e-6},
		{"karaoke, other band", dsp.NewKaraoke(dsp.Karaoke{Level: 1, MonoLevel: 1, Band: 100, Width: 400}), karaokeFormula(1, 1, 100, 400), 1e-6},
		{"tremolo", dsp.NewTremolo(dsp.Oscillation{Frequency: 7, Depth: 0.6}), func(n int, l, r float64) (float64, float64) {
			m := 0.7 + 0.3*swing(n, 7)
			return l * m, r * m
		}, 1e-6},
		{"vibrato", dsp.NewVibrato(dsp.Oscillation{Frequency: 9, Depth: 0.8}), vibratoFormula(9, 0.8), 2e-6},
		{"rotation, half", dsp.NewRotation(dsp.Oscillation{Frequency: 1.5, Depth: 0.5}), func(n int, l, r float64) (float64, float64) {
			s := swing(n+1, 1.5)
			return l * (0.75 + 0.25*s), r * (0.75 - 0.25*s)
		}, 1e-6},
		{"rotation", dsp.NewRotation(dsp.Oscillation{Frequency: 1.5, Depth: 1}), func(n int, l, r float64) (float64, float64) {
			s := swing(n+1, 1.5)
			return l * (s + 1) / 2, r * (1 - s) / 2
		}, 1e-6},
		{"distortion", dsp.NewDistortion(dsp.Distortion{On: true, SinOffset: 0.1, SinScale: 1.5, CosOffset: 0.2, CosScale: 2, TanOffset: 0.3, TanScale: 0.7, Offset: 0.05, Scale: 1.1}), func(_ int, l, r float64) (float64, float64) {
			bend := func(x float64) float64 {
				return 0.05 + 1.1*(0.1+math.Sin(1.5*x))*(0.2+math.Cos(2*x))*(0.3+math.Tan(0.7*x))
			}
			return bend(l), bend(r)
		}, 3e-6},
		{"distortion with poles", dsp.NewDistortion(dsp.Distortion{On: true, SinOffset: 1, TanScale: 9, CosOffset: 1, Scale: 0.1}), func(_ int, l, r float64) (float64, float64) {
			bend := func(x float64) float64 { return min(max(0.1*2*math.Tan(9*x), -1), 1) }
			return bend(l), bend(r)
		}, 1e-6},
		{"channelMix", dsp.NewChannelMix(dsp.ChannelMix{On: true, LeftToLeft: 0.9, LeftToRight: 0.2, RightToLeft: 0.3, RightToRight: 0.7}), func(_ int, l, r float64) (float64, float64) {
			return 0.9*l + 0.3*r, 0.2*l + 0.7*r
		}, 1e-6},
		{"lowPass", dsp.NewLowPass(20), lowPassFormula(20), 1e-6},
		{"width", dsp.NewWidth(0.7), func(_ int, l, r float64) (float64, float64) {
			m, s := (l+r)/2, (l-r)/2*1.7
			return m + s, m - s
		}, 1e-6},
		{"mono", dsp.NewWidth(-1), func(_ int, l, r float64) (float64, float64) { return (l + r) / 2, (l + r) / 2 }, 1e-6},
	} {
		if got := deviation(tt.f, tt.want); !(got <= tt.least) {
			t.Errorf("%s deviates by %g", tt.name, got)
		}
	}
}

func karaokeFormula(level, mono, band, width float64) formula {
	c := math.Exp(-2 * math.Pi * width / 48000)
	b := -4 * c / (1 + c) * math.Cos(2*math.Pi*band/48000)
	a := math.Sqrt(1-b*b/(4*c)) * (1 - c)
	y1, y2 := 0.0, 0.0
	return func(_ int, l, r float64) (float64, float64) {
		y := a*(l+r)/2 - b*y1 - c*y2
		y2, y1 = y1, y
		o := y * mono * level
		return l - r*level + o, r - l*level + o
	}
}

func vibratoFormula(hertz, depth float64) formula {
	var past [2][]float64
	read := func(x []float64, n int, delay float64) float64 {
		p := float64(n) - delay
		i := int(math.Floor(p))
		t := p - float64(i)
		at := func(i int) float64 {
			if i < 0 {
				return 0
			}
			return x[i]
		}
		y0, y1, y2, y3 := at(i-1), at(i), at(i+1), at(i+2)
		c1 := (y2 - y0) / 2
		c2 := y0 - 2.5*y1 + 2*y2 - 0.5*y3
		c3 := (y3-y0)/2 + 1.5*(y1-y2)
		return ((c3*t+c2)*t+c1)*t + y1
	}
	return func(n int, l, r float64) (float64, float64) {
		past[0], past[1] = append(past[0], l), append(past[1], r)
		delay := (swing(n, hertz)+1)/2*depth*0.002*48000 + 3
		return read(past[0], n, delay), read(past[1], n, delay)
	}
}

func lowPassFormula(smoothing float64) formula {
	var vl, vr float64
	return func(n int, l, r float64) (float64, float64) {
		if n == 0 {
			vl, vr = l, r
		}
		vl += (l - vl) / smoothing
		vr += (r - vr) / smoothing
		return vl, vr
	}
}

// The two banks must not be told apart, in the steady state and while gains glide.
func TestBanksAgree(t *testing.T) {
	if !dsp.Vectors() {
		t.Skip("no vectors in this build or machine: GOEXPERIMENT=simd on amd64 has them")
	}
	a, b := dsp.NewEqualizer(flat15(0.25)), dsp.NewPlainEqualizer(flat15(0.25))
	for i, x := range blend() {
		if i%7 == 3 {
			var g [dsp.Bands]float64
			g[i%dsp.Bands], g[3*i%dsp.Bands] = 1, -0.25
			dsp.SetEqualizer(a, g)
			dsp.SetEqualizer(b, g)
		}
		y := x
		a.Process(&x)
		b.Process(&y)
		for n := range x {
			if d := math.Abs(float64(x[n] - y[n])); !(d < 1e-4) {
				t.Fatalf("block %d, float %d: %v and %v", i, n, x[n], y[n])
			}
		}
	}
}

func TestVolumeIsLavalinksCurve(t *testing.T) {
	for v, want := range map[float64]float64{
		0: 1, 1: 1, 0.99: 1, 1.015: 1, 0.5: math.Tan(0.395), 1.5: math.Tan(1.185), 2: 3.2816, 5: 8.204,
	} {
		if got := dsp.VolumeGain(v); math.Abs(got-want) > 1e-4 {
			t.Errorf("volume %v is a gain of %v, want %v", v, got, want)
		}
	}
}
