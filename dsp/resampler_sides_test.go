package dsp_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
)

// sides interleaves two channels.
func sides(left, right []float32) []float32 {
	x := make([]float32, 2*len(left))
	for i := range left {
		x[2*i], x[2*i+1] = left[i], right[i]
	}
	return x
}

func side(x []float32, c int) []float32 {
	y := make([]float32, len(x)/2)
	for i := range y {
		y[i] = x[2*i+c]
	}
	return y
}

// Both sides share one transform; nothing of one is heard on the other.
func TestSidesStayApart(t *testing.T) {
	for _, rate := range rates {
		left := tone(rate, 0.3*highest(rate), 0.25)
		out := resample(newResampler(t, rate, 2), sides(left, make([]float32, len(left))))
		alone := resample(newResampler(t, rate, 1), left)
		if db := level(side(out, 1)) - level(alone); db > -130 {
			t.Errorf("%d Hz: the silent side is at %.1f dB", rate, db)
		}
		for i, v := range side(out, 0) {
			if d := math.Abs(float64(v - alone[i])); d > 1e-6 {
				t.Fatalf("%d Hz: sample %d is off by %v beside a silent one", rate, i, d)
			}
		}
	}
}

// The most common rate keeps all that Opus keeps, and 16 bits of silence beside it.
func TestCompactDiscRateIsFlat(t *testing.T) {
	for _, hertz := range []float64{20, 1000, 15000, 19000, 19900} {
		out := resample(newResampler(t, 44100, 1), tone(44100, hertz, 0.5))
		amplitude, _, rest := fit(out[4000:len(out)-4000], hertz)
		if db := 20 * math.Log10(amplitude/0.5); math.Abs(db) > 0.001 || rest > -105 {
			t.Errorf("%v Hz: level off by %.5f dB, THD+N %.1f dB", hertz, db, rest)
		}
	}
}

// What is no number, or far too much, is heard for a block at most, and never comes out.
func TestResamplerForgetsNonsense(t *testing.T) {
	for _, rate := range []int{44100, 96000, 8000, 44101} {
		good := tone(rate, 440, 0.5)
		want := resample(newResampler(t, rate, 2), sides(good, good))
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, -3e38, 1e-40} {
			in := sides(good, good)
			in[len(in)/4] = bad
			got := resample(newResampler(t, rate, 2), in)
			for i, v := range got {
				if !(math.Abs(float64(v)) < 100) {
					t.Fatalf("%d Hz: %v became %v", rate, bad, v)
				}
				if far := i < len(got)/8 || i > len(got)/2; far && v != want[i] {
					t.Fatalf("%d Hz: %v is felt at %d of %d", rate, bad, i, len(got))
				}
			}
		}
	}
}

func TestQuietCostsNoMore(t *testing.T) {
	src, dst := make([]float32, 882*2), make([]float32, 4000)
	cost := func(level float32) time.Duration {
		r := newResampler(t, 44100, 2)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range src {
			src[i] = level * (rng.Float32() - 0.5)
		}
		best := time.Hour
		for range 20 {
			start := time.Now()
			for range 20 {
				r.Process(dst, src)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	loud := cost(1)
	for _, level := range []float32{0, 1e-14, 1e-30, 1e-39} {
		if c := cost(level); c > 2*loud {
			t.Errorf("%v for music, %v at %v", loud, c, level)
		}
	}
}

// Whatever the rate, the bits and the pieces: finite output, of the right length.
func FuzzResampler(f *testing.F) {
	f.Add(44100, uint8(2), []byte{0, 0, 128, 63, 1, 2, 3, 4}, uint16(50))
	f.Add(88200, uint8(1), []byte{255, 255, 255, 127}, uint16(3000))
	f.Add(44101, uint8(3), []byte{0, 0, 192, 127}, uint16(7))
	f.Add(37800, uint8(3), []byte{0, 0, 192, 127}, uint16(1))
	f.Fuzz(func(t *testing.T, rate int, channels uint8, data []byte, piece uint16) {
		r, err := dsp.NewResampler(rate, int(channels))
		if err != nil || len(data) == 0 {
			return
		}
		frames := 5000
		in := make([]float32, frames*int(channels))
		for i := range in {
			var bits uint32
			for k := range 4 {
				bits |= uint32(data[(4*i+k)%len(data)]) << (8 * k)
			}
			in[i] = math.Float32frombits(bits)
		}
		dst := make([]float32, 4096)
		made := 0
		check := func(n int) {
			for _, v := range dst[:n] {
				if !(math.Abs(float64(v)) < 1e4) {
					t.Fatalf("%v", v)
				}
			}
			made += n
		}
		for len(in) > 0 {
			n, read := r.Process(dst, in[:min(len(in), int(channels)+int(piece))])
			check(n)
			in = in[read:]
		}
		for n := r.Drain(dst); n > 0; n = r.Drain(dst) {
			check(n)
		}
		want := int(math.Round(float64(frames) * audio.SampleRate / float64(rate)))
		if d := made/int(channels) - want; d < -1 || d > 1 {
			t.Fatalf("%d frames, not %d", made/int(channels), want)
		}
	})
}

func BenchmarkNewResamplerCommon(b *testing.B) {
	for _, rate := range []int{44100, 96000, 37800} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = dsp.NewResampler(rate, audio.Channels)
			}
		})
	}
}
