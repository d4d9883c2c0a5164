package room_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp/room"
)

// effect is a Reverb or an Echo.
type effect interface {
	Process(b *audio.Block)
	Tail() int
	Reset()
}

func effects() map[string]func() effect {
	return map[string]func() effect{
		"hall": func() effect {
			return room.NewReverb(room.Reverberation{Mix: 1, Size: 0.8, Damping: 0.3, Width: 1, PreDelay: 30})
		},
		"closet":  func() effect { return room.NewReverb(room.Reverberation{Mix: 0.3}) },
		"endless": func() effect { return room.NewReverb(room.Reverberation{Mix: 1, Size: 1, Width: 0.5}) },
		"echo":    func() effect { return room.NewEcho(room.Echoing{Delay: 0.2511, Decay: 0.5, Mix: 0.7}) },
		"bounce":  func() effect { return room.NewEcho(room.Echoing{Delay: 0.3, Decay: 0.6, Mix: 0.7, PingPong: true}) },
		"once":    func() effect { return room.NewEcho(room.Echoing{Delay: 0.02, Mix: 1}) },
	}
}

func blocks(n int, f func(i int) (left, right float64)) []audio.Block {
	out := make([]audio.Block, n)
	for i := range n * audio.FrameSamples {
		l, r := f(i)
		b := &out[i/audio.FrameSamples]
		b[2*(i%audio.FrameSamples)], b[2*(i%audio.FrameSamples)+1] = float32(l), float32(r)
	}
	return out
}

func noise(n int, level float64) []audio.Block {
	r := rand.New(rand.NewPCG(5, 6))
	return blocks(n, func(int) (float64, float64) { return level * r.NormFloat64(), level * r.NormFloat64() })
}

// added is what e adds to in.
func added(e effect, in []audio.Block) []audio.Block {
	out := append([]audio.Block(nil), in...)
	for i := range out {
		e.Process(&out[i])
		for k := range out[i] {
			out[i][k] -= in[i][k]
		}
	}
	return out
}

func level(b []audio.Block) float64 {
	sum := 0.0
	for i := range b {
		for _, v := range b[i] {
			sum += float64(v) * float64(v)
		}
	}
	return 10 * math.Log10(sum/float64(len(b)*len(b[0]))+1e-30)
}

func TestTailIsHonest(t *testing.T) {
	for name, make := range effects() {
		t.Run(name, func(t *testing.T) {
			e := make()
			in := append(noise(100, 0.2), make2(2000)...)
			for i := range 100 {
				e.Process(&in[i])
			}
			tail := e.Tail()
			if tail < 1 || tail > 1000 {
				t.Fatalf("tail of %d frames", tail)
			}
			rest := in[100:]
			if racing {
				rest = rest[:tail+50]
			}
			for i := range rest {
				e.Process(&rest[i])
			}
			first := level(rest[:10])
			if last := level(rest[tail-1 : tail]); last > first-45 {
				t.Errorf("at the end of the tail %.0f dB are left of %.0f", last, first)
			}
			for i := tail; i < len(rest); i++ {
				if rest[i] != (audio.Block{}) {
					t.Fatalf("frame %d after a tail of %d is not silent", i, tail)
				}
			}
		})
	}
}

func TestMixZeroIsTheInput(t *testing.T) {
	in := noise(10, 0.3)
	for name, e := range map[string]effect{
		"reverb": room.NewReverb(room.Reverberation{Size: 1, Width: 1, PreDelay: 10}),
		"echo":   room.NewEcho(room.Echoing{Delay: 0.1, Decay: 0.5}),
		"zero":   room.NewEcho(room.Echoing{}),
	} {
		for i := range in {
			b := in[i]
			if e.Process(&b); b != in[i] {
				t.Errorf("%s changes the sound", name)
			}
		}
		if e.Tail() != 0 {
			t.Errorf("%s has a tail of %d", name, e.Tail())
		}
	}
}

func TestResetForgets(t *testing.T) {
	for name, make := range effects() {
		e := make()
		added(e, noise(30, 0.3))
		e.Reset()
		for _, b := range added(e, make2(20)) {
			if b != (audio.Block{}) {
				t.Fatalf("%s: something is left", name)
			}
		}
	}
}

func make2(n int) []audio.Block { return make([]audio.Block, n) }

func TestSettingsGlide(t *testing.T) {
	tone := blocks(200, func(i int) (float64, float64) {
		v := 0.4 * math.Sin(2*math.Pi*100*float64(i)/audio.SampleRate)
		return v, v
	})
	reverb := room.NewReverb(room.Reverberation{})
	echo := room.NewEcho(room.Echoing{})
	for i := range tone {
		switch i {
		case 20:
			reverb.Set(room.Reverberation{Mix: 0.5, Size: 0.5, Width: 1, Damping: 0.9})
			echo.Set(room.Echoing{Delay: 0.3, Decay: 0.5, Mix: 0.5})
		case 60:
			reverb.Set(room.Reverberation{Mix: 0.3, Size: 0.9, PreDelay: 60})
			echo.Set(room.Echoing{Delay: 0.9, Decay: 0.7, Mix: 0.5, PingPong: true})
		case 150:
			reverb.Set(room.Reverberation{})
			echo.Set(room.Echoing{})
		}
		reverb.Process(&tone[i])
		echo.Process(&tone[i])
	}
	last := float32(0)
	for i := range tone {
		for k := 0; k < len(tone[i]); k += 2 {
			if d := math.Abs(float64(tone[i][k] - last)); d > 0.1 {
				t.Fatalf("a step of %.3f in block %d", d, i)
			}
			last = tone[i][k]
		}
	}
}

func TestRecoversFromNonsense(t *testing.T) {
	nonsense := []float32{float32(math.NaN()), float32(math.Inf(1)), -3e38, 1e-40}
	if racing {
		nonsense = nonsense[:1]
	}
	for name, make := range effects() {
		for _, bad := range nonsense {
			e := make()
			in := noise(40, 0.1)
			in[3][100], in[4][7] = bad, bad
			for i := range in {
				e.Process(&in[i])
				for k, v := range in[i] {
					if !(math.Abs(float64(v)) < 1e4) {
						t.Fatalf("%s: %v made %v at %d of block %d", name, bad, v, k, i)
					}
				}
			}
			for range e.Tail() {
				e.Process(&audio.Block{})
			}
			if got := level(added(e, noise(40, 0.1))); !(got < 0) {
				t.Errorf("%s: %.0f dB after %v", name, got, bad)
			}
		}
	}
}

// A tail decays through all levels; none of them may be slow.
func TestTailCostsNoMore(t *testing.T) {
	for name, make := range effects() {
		e := make()
		music := noise(50, 0.2)
		added(e, music)
		fastest := func(in []audio.Block) time.Duration { // of the frames: nothing else ran then
			best := time.Hour
			for i := range in {
				b := in[i]
				start := time.Now()
				e.Process(&b)
				best = min(best, time.Since(start))
			}
			return best
		}
		loud := fastest(music)
		for range e.Tail()/20 + 1 {
			if still := fastest(make2(20)); still > 2*loud {
				t.Errorf("%s: %v in the tail, %v in music", name, still, loud)
			}
		}
	}
}

func TestProcessAllocatesNothing(t *testing.T) {
	for name, make := range effects() {
		e := make()
		in := noise(2, 0.1)
		if n := testing.AllocsPerRun(50, func() { e.Process(&in[0]); in[0] = in[1] }); n > 0 {
			t.Errorf("%s: %v allocations per block", name, n)
		}
	}
}

func BenchmarkReverb(b *testing.B) {
	e := room.NewReverb(room.Reverberation{Mix: 0.3, Size: 0.8, Damping: 0.5, Width: 1, PreDelay: 20})
	bench(b, e)
}

func BenchmarkEcho(b *testing.B) {
	bench(b, room.NewEcho(room.Echoing{Delay: 0.35, Decay: 0.45, Mix: 0.5, PingPong: true}))
}

func bench(b *testing.B, e effect) {
	in := noise(50, 0.1)
	b.ReportAllocs()
	i := 0
	var work audio.Block
	for b.Loop() {
		work = in[i%50]
		e.Process(&work)
		i++
	}
}

func FuzzRoom(f *testing.F) {
	f.Add([]byte{0, 0, 128, 127, 1, 2, 3, 4}, 0.5, 0.5, 0.5, 0.5, 20.0, true)
	f.Fuzz(func(t *testing.T, data []byte, mix, size, damping, width, delay float64, pingPong bool) {
		reverb := room.NewReverb(room.Reverberation{Mix: 0.5})
		reverb.Set(room.Reverberation{Mix: mix, Size: size, Damping: damping, Width: width, PreDelay: delay})
		echo := room.NewEcho(room.Echoing{Delay: 0.05, Mix: 0.1})
		echo.Set(room.Echoing{Delay: delay / 100, Decay: size, Mix: mix, PingPong: pingPong})
		for _, e := range []effect{reverb, echo} {
			in := scatter(data)
			for range 10 {
				b := in
				e.Process(&b)
				for k, v := range b {
					if on := e.Tail() > 0; on && !(math.Abs(float64(v)) < 1e5) {
						t.Fatalf("%v of %v", v, in[k])
					}
				}
			}
			if tail := e.Tail(); tail < 0 || tail > 14000 { // two seconds, 136 times
				t.Fatalf("tail %d", tail)
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
