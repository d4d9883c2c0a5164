package dsp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os/exec"
	"testing"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
)

// rates are those of files, two with a ratio no table fits, and the limits.
var rates = []int{8000, 11025, 22050, 32000, 44100, 44101, 48000, 96000, 192000}

func newResampler(t testing.TB, rate, channels int) *dsp.Resampler {
	t.Helper()
	r, err := dsp.NewResampler(rate, channels)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// resample runs src through r at once.
func resample(r *dsp.Resampler, src []float32) []float32 {
	dst := make([]float32, 8*len(src)+64)
	n := 0
	for len(src) > 0 {
		written, read := r.Process(dst[n:], src)
		n, src = n+written, src[read:]
	}
	for {
		written := r.Drain(dst[n:])
		if written == 0 {
			return dst[:n]
		}
		n += written
	}
}

// tone returns seconds of a mono sine of half scale.
func tone(rate int, hertz, seconds float64) []float32 {
	x := make([]float32, int(float64(rate)*seconds))
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	return x
}

func highest(rate int) float64 { return float64(min(rate, audio.SampleRate)) / 2 }

// fit takes the sine of hertz out of x (at 48 kHz) by least squares, and returns
// its amplitude, its phase in radians, and the rest's RMS relative to it, in dB.
func fit(x []float32, hertz float64) (amplitude, phase, rest float64) {
	var ss, cc, sc, sx, cx float64
	for i, v := range x {
		s, c := math.Sincos(2 * math.Pi * hertz * float64(i) / audio.SampleRate)
		ss, cc, sc = ss+s*s, cc+c*c, sc+s*c
		sx, cx = sx+s*float64(v), cx+c*float64(v)
	}
	det := ss*cc - sc*sc
	a, b := (sx*cc-cx*sc)/det, (cx*ss-sx*sc)/det
	sum := 0.0
	for i, v := range x {
		s, c := math.Sincos(2 * math.Pi * hertz * float64(i) / audio.SampleRate)
		d := float64(v) - a*s - b*c
		sum += d * d
	}
	amplitude = math.Hypot(a, b)
	return amplitude, math.Atan2(b, a), 20 * math.Log10(math.Sqrt(2*sum/float64(len(x)))/amplitude)
}

// Sines come out as sines: at their level, in their place, and alone. The rest is
// harmonics, images, aliases and noise together.
func TestSinesStaySines(t *testing.T) {
	for _, rate := range rates {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			for _, part := range []float64{0.005, 0.03, 0.2, 0.45, 0.7, 0.8, 0.87} {
				hertz := part * highest(rate)
				out := resample(newResampler(t, rate, 1), tone(rate, hertz, 0.15))
				amplitude, phase, rest := fit(out[2000:len(out)-2000], hertz)
				phase += 2 * math.Pi * hertz * -2000 / audio.SampleRate // fit began at sample 2000
				late := math.Remainder(phase, 2*math.Pi) / (2 * math.Pi * hertz) * audio.SampleRate
				if db := 20 * math.Log10(amplitude/0.5); math.Abs(db) > 0.001 {
					t.Errorf("%.0f Hz: level off by %.5f dB", hertz, db)
				}
				if math.Abs(late) > 1e-4 {
					t.Errorf("%.0f Hz: off by %.6f samples", hertz, late)
				}
				if rest > -95 {
					t.Errorf("%.0f Hz: THD+N %.1f dB", hertz, rest)
				}
			}
		})
	}
}

// What lies above half the output rate must not come back below it.
func TestAliasesAreGone(t *testing.T) {
	for _, rate := range []int{48001, 64000, 88200, 96000, 192000} {
		for _, part := range []float64{1.0, 1.01, 1.1, 1.5, 1.9, 3.3} {
			hertz := part * audio.SampleRate / 2
			if hertz >= float64(rate)/2 {
				continue
			}
			out := resample(newResampler(t, rate, 1), tone(rate, hertz, 0.25))
			if db := level(out[2000:len(out)-2000]) - level(tone(rate, hertz, 0.25)); db > -90 {
				t.Errorf("%d Hz: %.0f Hz comes back at %.1f dB", rate, hertz, db)
			}
		}
	}
}

// Going up makes images above half the input rate; white noise shows them all.
func TestImagesAreGone(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, rate := range []int{8000, 11025, 22050, 32000, 44100, 44101} {
		in := make([]float32, rate)
		for i := range in {
			in[i] = float32(rng.Float64() - 0.5)
		}
		out := resample(newResampler(t, rate, 1), in)
		const n = 16384
		spectrum := powerSpectrum(out[4000:][:n])
		pass, stop := 0.0, 0.0
		edge := highest(rate) / audio.SampleRate * n
		for i, p := range spectrum {
			switch {
			case float64(i) < 0.8*edge:
				pass = max(pass, p)
			case float64(i) > edge+8: // the window's own width
				stop = max(stop, p)
			}
		}
		if db := 10 * math.Log10(stop/pass); db > -90 {
			t.Errorf("%d Hz: images at %.1f dB", rate, db)
		}
	}
}

func TestRippleOfThePassBand(t *testing.T) {
	for _, rate := range rates {
		impulse := make([]float32, rate/4)
		impulse[len(impulse)/2] = 1
		out := resample(newResampler(t, rate, 1), impulse)
		dc := gainAt(out, 0)
		low, high := math.Inf(1), math.Inf(-1)
		for part := 0.0; part <= 0.87; part += 0.006 {
			g := 20 * math.Log10(gainAt(out, part*highest(rate))/dc)
			low, high = min(low, g), max(high, g)
		}
		if high-low > 0.002 {
			t.Errorf("%d Hz: ripple of %.5f dB up to %.0f Hz", rate, high-low, 0.87*highest(rate))
		}
	}
}

func TestLengthIsExact(t *testing.T) {
	for _, rate := range rates {
		for _, frames := range []int{0, 1, 2, 3, 50, 1000, 2047, 4096, 5021} {
			for _, channels := range []int{1, 3} {
				out := resample(newResampler(t, rate, channels), make([]float32, frames*channels))
				want := int(math.Round(float64(frames) * audio.SampleRate / float64(rate)))
				if len(out) != want*channels {
					t.Errorf("%d frames of %d channels at %d Hz: %d floats, want %d", frames, channels, rate, len(out), want*channels)
				}
			}
		}
	}
}

func TestChunksDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, rate := range rates {
		for _, channels := range []int{2, 3} {
			in := make([]float32, 5000*channels)
			for i := range in {
				in[i] = float32(rng.Float64() - 0.5)
			}
			r := newResampler(t, rate, channels)
			want := resample(r, in)
			r.Reset()
			if got := inChunks(r, in, channels, rng); !equal(got, want) {
				t.Errorf("%d channels at %d Hz: chunks make a difference", channels, rate)
			}
		}
	}
}

// inChunks offers input and room in whatever amounts, even parts of frames.
func inChunks(r *dsp.Resampler, src []float32, channels int, rng *rand.Rand) (all []float32) {
	for len(src) >= channels {
		dst := make([]float32, rng.IntN(700))
		n, read := r.Process(dst, src[:min(len(src), rng.IntN(3000))])
		all, src = append(all, dst[:n]...), src[read:]
	}
	for idle := 0; idle < 5; idle++ {
		dst := make([]float32, channels+rng.IntN(500))
		if n := r.Drain(dst); n > 0 {
			all, idle = append(all, dst[:n]...), 0
		}
	}
	return all
}

func TestChannelsStayApart(t *testing.T) {
	const channels = 5
	in := make([]float32, 4000*channels)
	mono := tone(44100, 997, 1)
	for c := range channels {
		for i := range len(in) / channels {
			in[i*channels+c] = mono[i] * float32(c)
		}
	}
	want := resample(newResampler(t, 44100, 1), mono[:4000])
	for i, v := range resample(newResampler(t, 44100, channels), in) {
		if d := math.Abs(float64(v - want[i/channels]*float32(i%channels))); d > 1e-6 {
			t.Fatalf("float %d is off by %v", i, d)
		}
	}
}

func TestResamplerAllocatesNothing(t *testing.T) {
	for _, rate := range rates {
		r := newResampler(t, rate, audio.Channels)
		src := make([]float32, rate/audio.FramesPerSecond*audio.Channels)
		dst := make([]float32, 4000)
		if n := testing.AllocsPerRun(10, func() { r.Process(dst, src) }); n > 0 {
			t.Errorf("%d Hz: %v allocations", rate, n)
		}
		if n := testing.AllocsPerRun(2, func() { r.Drain(dst); r.Reset() }); n > 0 {
			t.Errorf("%d Hz: %v allocations at the end", rate, n)
		}
	}
}

func TestResamplerRefuses(t *testing.T) {
	for _, tt := range []struct{ rate, channels int }{{7999, 2}, {192001, 2}, {0, 2}, {-44100, 2}, {44100, 0}, {44100, 9}} {
		if _, err := dsp.NewResampler(tt.rate, tt.channels); fault.KindOf(err) != fault.Unsupported {
			t.Errorf("%d Hz, %d channels: %v", tt.rate, tt.channels, err)
		}
	}
}

// The resampler many hold up as the model agrees, up to where it begins to roll off.
func TestAgreesWithSoxr(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	for _, rate := range []int{11025, 22050, 44100, 96000} {
		in := make([]float32, rate/2)
		for i := range in { // chords that swell
			s := float64(i) / float64(rate)
			for _, part := range []float64{0.01, 0.013, 0.11, 0.37, 0.62, 0.8} {
				in[i] += float32(0.15 * math.Sin(2*math.Pi*part*highest(rate)*s) * (1 - math.Cos(4*math.Pi*s)) / 2)
			}
		}
		var raw bytes.Buffer
		if err := binary.Write(&raw, binary.LittleEndian, in); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(ffmpeg, "-nostdin", "-v", "error", "-f", "f32le", "-ar", fmt.Sprint(rate), "-ac", "1", "-i", "-",
			"-af", "aresample=48000:resampler=soxr:precision=28", "-f", "f32le", "-")
		cmd.Stdin = &raw
		b, err := cmd.Output()
		if err != nil {
			t.Skipf("ffmpeg without soxr: %v", err)
		}
		model := make([]float32, len(b)/4)
		if err := binary.Read(bytes.NewReader(b), binary.LittleEndian, model); err != nil {
			t.Fatal(err)
		}
		out := resample(newResampler(t, rate, 1), in)
		if d := len(out) - len(model); d < -1 || d > 1 {
			t.Errorf("%d Hz: %d samples, soxr %d", rate, len(out), len(model))
		}
		difference := make([]float32, min(len(out), len(model)))
		for i := range difference {
			difference[i] = out[i] - model[i]
		}
		if db := level(difference) - level(out); db > -85 {
			t.Errorf("%d Hz: differs from soxr by %.1f dB", rate, db)
		}
	}
}

func level(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(x))+1e-30)
}

// gainAt is the magnitude of x's Fourier transform at hertz.
func gainAt(x []float32, hertz float64) float64 {
	var sum complex128
	turn, step := complex(1, 0), cmplx.Rect(1, -2*math.Pi*hertz/audio.SampleRate)
	for _, v := range x {
		sum += complex(float64(v), 0) * turn
		turn *= step
	}
	return cmplx.Abs(sum)
}

// powerSpectrum of a power of two samples under a Blackman-Harris window, whose
// side lobes are at -92 dB and fall; squared, far lower.
func powerSpectrum(x []float32) []float64 {
	n := len(x)
	y := make([]complex128, n)
	for i, v := range x {
		p := 2 * math.Pi * float64(i) / float64(n)
		w := 0.35875 - 0.48829*math.Cos(p) + 0.14128*math.Cos(2*p) - 0.01168*math.Cos(3*p)
		y[i] = complex(float64(v)*w, 0)
	}
	fft(y)
	spectrum := make([]float64, n/2)
	for i := range spectrum {
		spectrum[i] = real(y[i])*real(y[i]) + imag(y[i])*imag(y[i])
	}
	return spectrum
}

func fft(x []complex128) {
	n := len(x)
	if n == 1 {
		return
	}
	even, odd := make([]complex128, n/2), make([]complex128, n/2)
	for i := range even {
		even[i], odd[i] = x[2*i], x[2*i+1]
	}
	fft(even)
	fft(odd)
	for i := range even {
		v := cmplx.Rect(1, -2*math.Pi*float64(i)/float64(n)) * odd[i]
		x[i], x[i+n/2] = even[i]+v, even[i]-v
	}
}

func equal(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
