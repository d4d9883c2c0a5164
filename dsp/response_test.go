package dsp_test

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"busker/audio"
	"busker/dsp"
)

// toneGain is a filter's gain in dB for a tone on the left side, once it has settled, and
// the rest (distortion and noise) relative to what comes out, in dB.
func toneGain(f dsp.Filter, hertz float64) (gain, rest float64) {
	const settle, measure = 30, 50
	f.Reset()
	x := make([]float32, 0, measure*audio.FrameSamples)
	p := &player{sound: sine(hertz, 0.25)}
	for i := range settle + measure {
		b := p.block()
		f.Process(&b)
		for n := 0; n < len(b) && i >= settle; n += 2 {
			x = append(x, b[n])
		}
	}
	a, _, rest := fit(x, hertz)
	return 20 * math.Log10(a/0.25), rest
}

func decibels(x float64) float64 { return 20 * math.Log10(x) }

func TestEqualizerResponse(t *testing.T) {
	centres := []float64{25, 40, 63, 100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300, 10000, 16000}
	for band, hertz := range centres {
		if racing && band%7 != 3 {
			continue
		}
		for _, tt := range []struct{ gain, want float64 }{{0.25, 6.02}, {1, 13.98}, {-0.125, -6.02}, {0.1, decibels(1.4)}} {
			var g [dsp.Bands]float64
			g[band] = tt.gain
			got, rest := toneGain(dsp.NewEqualizer(g), hertz)
			if math.Abs(got-tt.want) > 0.02 || rest > -100 {
				t.Errorf("%v Hz at %v: %.3f dB, want %.3f; distortion %.0f dB", hertz, tt.gain, got, tt.want, rest)
			}
		}
		// At -0.25 the centre is mute.
		var g [dsp.Bands]float64
		g[band] = -0.25
		if got, _ := toneGain(dsp.NewEqualizer(g), hertz); got > -50 {
			t.Errorf("%v Hz at -0.25: %.1f dB", hertz, got)
		}
	}
	// Between the centres and with several bands it is what the transfer function says.
	for name, g := range map[string][dsp.Bands]float64{
		"one": {8: 0.25}, "all up": flat15(0.25), "all down": flat15(-0.25), "mixed": {1: 0.5, 2: -0.2, 9: 0.1, 13: 0.7},
	} {
		for _, hertz := range []float64{30, 77, 500, 630, 1000, 1600, 3333, 12000} {
			want := decibels(transfer(g, hertz))
			if got, _ := toneGain(dsp.NewEqualizer(g), hertz); math.Abs(got-want) > 0.02 {
				t.Errorf("%s at %v Hz: %.3f dB, want %.3f", name, hertz, got, want)
			}
		}
	}
}

// transfer is the equalizer's gain by its transfer function.
func transfer(gains [dsp.Bands]float64, hertz float64) float64 {
	z := cmplx.Exp(complex(0, -2*math.Pi*hertz/48000)) // one sample of delay
	sum := complex(1, 0)
	for i, f0 := range []float64{25, 40, 63, 100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300, 10000, 16000} {
		theta0 := 2 * math.Pi * f0 / 48000
		k := (math.Cos(theta0/math.Cbrt(2)) - math.Cos(theta0)) / math.Sin(theta0)
		beta := (1 - k) / (1 + k)
		gamma := (1 + beta) * math.Cos(theta0)
		sum += complex(4*gains[i]*(1-beta)/2, 0) * (1 - z*z) / (1 - complex(gamma, 0)*z + complex(beta, 0)*z*z)
	}
	return cmplx.Abs(sum)
}

func TestBassBoostResponse(t *testing.T) {
	for _, boost := range []float64{3, 6, 12, 18} {
		f := dsp.NewBassBoost(boost)
		last := math.Inf(1)
		for _, tt := range []struct{ hertz, want, least float64 }{
			{20, boost / 2, 0.5}, {110, 0, 0.1}, {2000, -boost / 2, 0.1}, {15000, -boost / 2, 0.05},
		} {
			got, rest := toneGain(f, tt.hertz)
			if math.Abs(got-tt.want) > tt.least || got > last+0.01 || rest > -100 {
				t.Errorf("+%v dB at %v Hz: %.2f dB, want %.2f; distortion %.0f dB", boost, tt.hertz, got, tt.want, rest)
			}
			last = got
		}
	}
}

// The greatest boost of a tone at full scale stays a tone: the limiter turns it down, and
// what it bends while it does is below -35 dB.
func TestBassBoostDoesNotClip(t *testing.T) {
	p := &player{chain: dsp.NewChain(dsp.Settings{BassBoost: 18}), sound: sine(50, 0.99)}
	p.play(50)
	out := p.play(100)
	x := make([]float32, len(out)/2)
	for i := range x {
		x[i] = out[2*i]
	}
	if a, _, rest := fit(x, 50); decibels(a) > -0.9 || decibels(a) < -1.6 || rest > -35 {
		t.Errorf("%.2f dBFS, distortion %.1f dB", decibels(a), rest)
	}
}

func TestLowPassResponse(t *testing.T) {
	f := dsp.NewLowPass(20)
	for _, hertz := range []float64{20, 400, 3000} {
		w := 2 * math.Pi * hertz / 48000
		re, im := 1-0.95*math.Cos(w), 0.95*math.Sin(w)
		want := decibels(0.05 / math.Hypot(re, im))
		if got, rest := toneGain(f, hertz); math.Abs(got-want) > 0.02 || rest > -100 {
			t.Errorf("%v Hz: %.2f dB, want %.2f; distortion %.0f dB", hertz, got, want, rest)
		}
	}
}

// What is the same on both sides goes, but for the bass that is given back.
func TestKaraokeTakesTheMiddleOut(t *testing.T) {
	f := dsp.NewKaraoke(dsp.Karaoke{Level: 1, MonoLevel: 1})
	rms := func(hertz float64, both bool) float64 {
		f.Reset()
		sum := 0.0
		p := &player{sound: func(n int) (l, r float64) {
			x, _ := sine(hertz, 0.3)(n)
			if both {
				return x, x
			}
			return x, -x
		}}
		for i := range 50 {
			b := p.block()
			f.Process(&b)
			for n := 0; n < len(b) && i >= 20; n += 2 {
				sum += float64(b[n]) * float64(b[n])
			}
		}
		return 10 * math.Log10(sum/(30*float64(audio.FrameSamples))/0.045)
	}
	if got := rms(2000, true); got > -25 {
		t.Errorf("the voice stays at %.1f dB", got)
	}
	if got := rms(220, true); got < -6 || got > 3 {
		t.Errorf("the bass is at %.1f dB", got)
	}
	if got := rms(2000, false); math.Abs(got-6.02) > 0.3 {
		t.Errorf("the sides are at %.1f dB", got)
	}
}

// What is linear is: f(a*x + b*y) = a*f(x) + b*f(y).
func TestLinearFiltersAreLinear(t *testing.T) {
	for _, f := range filters {
		if f.name == "distortion" || f.name == "drive" || f.name == "lowPass" { // which starts at its first sample
			continue
		}
		r := rand.New(rand.NewPCG(3, 4))
		fx, fy, both := f.make(), f.make(), f.make()
		for range 10 {
			var x, y, z audio.Block
			for i := range x {
				x[i], y[i] = r.Float32()-0.5, r.Float32()-0.5
				z[i] = 0.7*x[i] - 0.4*y[i]
			}
			fx.Process(&x)
			fy.Process(&y)
			both.Process(&z)
			for i := range z {
				if d := math.Abs(float64(z[i] - (0.7*x[i] - 0.4*y[i]))); d > 2e-5 {
					t.Fatalf("%s: off by %g", f.name, d)
				}
			}
		}
	}
}

// A soft drive lifts and bends, and keeps full scale.
func TestDriveBends(t *testing.T) {
	s := mix(t, dsp.Part{Preset: "overdrive", Strength: 1})
	f := dsp.NewDistortion(s.Distortion)
	gain, rest := toneGain(f, 440)
	if gain < 1 || rest > -20 || rest < -60 {
		t.Errorf("%.1f dB, distortion %.1f dB", gain, rest)
	}
	b := audio.Block{0: 1, 1: -1}
	f.Process(&b)
	if math.Abs(float64(b[0])-1) > 1e-5 || math.Abs(float64(b[1])+1) > 1e-5 {
		t.Errorf("full scale becomes %v and %v", b[0], b[1])
	}
}
