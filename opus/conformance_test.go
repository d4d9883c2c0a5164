package opus_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
)

// music returns n blocks of something with pitch, stereo width and noise.
func music(n int) []audio.Block {
	rng := rand.New(rand.NewPCG(1, 2))
	blocks := make([]audio.Block, n)
	for i := range n * audio.FrameSamples {
		t := float64(i) / audio.SampleRate
		swell := 0.6 + 0.4*math.Sin(2*math.Pi*1.7*t)
		low := math.Sin(2*math.Pi*220*t) + 0.5*math.Sin(2*math.Pi*440*t)
		high := math.Sin(2 * math.Pi * (1500 + 300*math.Sin(2*math.Pi*0.9*t)) * t)
		b := &blocks[i/audio.FrameSamples]
		at := i % audio.FrameSamples * 2
		b[at] = float32(swell*(0.25*low+0.1*high) + 0.01*rng.NormFloat64())
		b[at+1] = float32(0.25*low + 0.2*swell*high + 0.01*rng.NormFloat64())
	}
	return blocks
}

func newEncoder(t testing.TB, opts opus.EncoderOptions) opus.Encoder {
	t.Helper()
	e, err := opus.NewEncoder(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func newDecoder(t testing.TB, opts opus.DecoderOptions) opus.Decoder {
	t.Helper()
	d, err := opus.NewDecoder(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func encode(t testing.TB, e opus.Encoder, blocks []audio.Block) (packets [][]byte) {
	t.Helper()
	for i := range blocks {
		var buf [audio.MaxPacketBytes]byte
		n, err := e.Encode(buf[:], &blocks[i])
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, append([]byte(nil), buf[:n]...))
	}
	return packets
}

func decode(t testing.TB, d opus.Decoder, packets [][]byte) (pcm []float32) {
	t.Helper()
	buf := make([]float32, opus.MaxPacketSamples*audio.Channels)
	for _, p := range packets {
		n, err := d.Decode(buf, p)
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, buf[:n*audio.Channels]...)
	}
	return pcm
}

func flat(blocks []audio.Block) (pcm []float32) {
	for i := range blocks {
		pcm = append(pcm, blocks[i][:]...)
	}
	return pcm
}

// correlation is 1 when b is a scaled by anything.
func correlation(a, b []float32) float64 {
	n := min(len(a), len(b))
	var ab, aa, bb float64
	for i := range n {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// eachBackend runs the conformance tests: whoever uses the package must not be
// able to tell which codec is behind it.
func eachBackend(t *testing.T, test func(t *testing.T, backend string)) {
	for _, b := range opus.Backends() {
		t.Run(b, func(t *testing.T) { test(t, b) })
	}
}

func TestEveryDecoderUnderstandsEveryEncoder(t *testing.T) {
	source := music(100)
	eachBackend(t, func(t *testing.T, encoder string) {
		e := newEncoder(t, opus.EncoderOptions{Backend: encoder})
		packets := encode(t, e, source)
		for _, decoder := range opus.Backends() {
			t.Run(decoder, func(t *testing.T) {
				pcm := decode(t, newDecoder(t, opus.DecoderOptions{Backend: decoder}), packets)
				if want := len(source) * len(source[0]); len(pcm) != want {
					t.Fatalf("%d floats, want %d", len(pcm), want)
				}
				delay := e.Lookahead() * audio.Channels
				if c := correlation(pcm[delay:], flat(source)); c < 0.98 {
					t.Errorf("correlation %.4f with the source", c)
				}
				if c := correlation(pcm[delay+2*24:], flat(source)); c > 0.98 {
					t.Errorf("correlation %.4f half a millisecond off: the test proves no alignment", c)
				}
			})
		}
	})
}

func TestPacketsAreTwentyMillisecondsAndOfTheBitrate(t *testing.T) {
	source := music(150)
	eachBackend(t, func(t *testing.T, backend string) {
		for _, bitrate := range []int{32000, opus.DefaultBitrate, 256000} {
			e := newEncoder(t, opus.EncoderOptions{Backend: backend, Bitrate: bitrate})
			bytes := 0
			for _, p := range encode(t, e, source) {
				if d, err := opus.PacketDuration(p); err != nil || d != audio.FrameTime {
					t.Fatalf("packet of %v: %v", d, err)
				}
				bytes += len(p)
			}
			got := float64(bytes*8) / audio.Duration(int64(len(source))).Seconds()
			if ratio := got / float64(bitrate); ratio < 0.6 || ratio > 1.1 {
				t.Errorf("%d bit/s asked, %.0f made", bitrate, got)
			}
		}
	})
}

func TestSettingsTakeEffectOnALiveEncoder(t *testing.T) {
	source := music(60)
	eachBackend(t, func(t *testing.T, backend string) {
		e := newEncoder(t, opus.EncoderOptions{Backend: backend, Bitrate: 160000})
		size := func(blocks []audio.Block) (n int) {
			for _, p := range encode(t, e, blocks) {
				n += len(p)
			}
			return n
		}
		rich := size(source[:30])
		if err := e.SetBitrate(32000); err != nil {
			t.Fatal(err)
		}
		if err := e.SetComplexity(0); err != nil {
			t.Fatal(err)
		}
		if poor := size(source[30:]); poor > rich/2 {
			t.Errorf("%d bytes at 160 kb/s, %d at 32", rich, poor)
		}
	})
}

func TestResetMakesTheCodecForget(t *testing.T) {
	source := music(20)
	eachBackend(t, func(t *testing.T, backend string) {
		e := newEncoder(t, opus.EncoderOptions{Backend: backend})
		fresh := encode(t, e, source)
		if again := encode(t, e, source); string(again[0]) == string(fresh[0]) {
			t.Fatal("the encoder has no state: the test proves nothing")
		}
		if err := e.Reset(); err != nil {
			t.Fatal(err)
		}
		for i, p := range encode(t, e, source) {
			if string(p) != string(fresh[i]) {
				t.Fatalf("packet %d after Reset differs from a fresh encoder's", i)
			}
		}
		d := newDecoder(t, opus.DecoderOptions{Backend: backend})
		first := decode(t, d, fresh)
		if err := d.Reset(); err != nil {
			t.Fatal(err)
		}
		for i, v := range decode(t, d, fresh) {
			if v != first[i] {
				t.Fatalf("float %d after Reset is %v, was %v", i, v, first[i])
			}
		}
	})
}

func TestLostPacketIsConcealed(t *testing.T) {
	source := music(30)
	eachBackend(t, func(t *testing.T, backend string) {
		packets := encode(t, newEncoder(t, opus.EncoderOptions{Backend: backend}), source)
		d := newDecoder(t, opus.DecoderOptions{Backend: backend})
		decode(t, d, packets[:29])
		for _, lost := range [][]byte{nil, {}} {
			buf := make([]float32, opus.MaxPacketSamples*audio.Channels)
			n, err := d.Decode(buf, lost)
			if err != nil || n != audio.FrameSamples {
				t.Fatalf("%d samples, %v", n, err)
			}
			if energy(buf[:2*n]) < 1e-3*energy(source[29][:]) {
				t.Error("a lost packet became silence")
			}
		}
	})
}

func TestSilenceFrameIsSilent(t *testing.T) {
	eachBackend(t, func(t *testing.T, backend string) {
		d := newDecoder(t, opus.DecoderOptions{Backend: backend})
		pcm := decode(t, d, [][]byte{[]byte(opus.SilenceFrame)})
		if len(pcm) != len(audio.Block{}) || energy(pcm) > 1e-20 {
			t.Errorf("%d floats of energy %v", len(pcm), energy(pcm))
		}
	})
}

func TestOutputGain(t *testing.T) {
	source := music(30)
	eachBackend(t, func(t *testing.T, backend string) {
		packets := encode(t, newEncoder(t, opus.EncoderOptions{Backend: backend}), source)
		plain := energy(decode(t, newDecoder(t, opus.DecoderOptions{Backend: backend}), packets))
		loud := energy(decode(t, newDecoder(t, opus.DecoderOptions{Backend: backend, Gain: -6 * 256}), packets))
		if db := 10 * math.Log10(loud/plain); math.Abs(db+6) > 0.05 {
			t.Errorf("gain of -6 dB made %.2f dB", db)
		}
	})
}

func TestLookaheadIsThatOfTheProfile(t *testing.T) {
	eachBackend(t, func(t *testing.T, backend string) {
		if n := newEncoder(t, opus.EncoderOptions{Backend: backend}).Lookahead(); n != 312 {
			t.Errorf("lookahead %d samples, want 312", n)
		}
	})
}

func TestRefusals(t *testing.T) {
	block := music(1)
	eachBackend(t, func(t *testing.T, backend string) {
		e := newEncoder(t, opus.EncoderOptions{Backend: backend})
		d := newDecoder(t, opus.DecoderOptions{Backend: backend})
		pcm, room := make([]float32, len(audio.Block{})), make([]float32, opus.MaxPacketSamples*audio.Channels)
		for _, tt := range []struct {
			name string
			do   func() error
			kind fault.Kind
		}{
			{"bitrate below", func() error { return e.SetBitrate(5999) }, fault.Invalid},
			{"bitrate above", func() error { return e.SetBitrate(510001) }, fault.Invalid},
			{"complexity below", func() error { return e.SetComplexity(-1) }, fault.Invalid},
			{"complexity above", func() error { return e.SetComplexity(11) }, fault.Invalid},
			{"no room for the packet", func() error { _, err := e.Encode(nil, &block[0]); return err }, fault.Internal},
			{"no room for the audio", func() error { _, err := d.Decode(pcm[:1919], []byte(opus.SilenceFrame)); return err }, fault.Internal},
			{"no room for concealment", func() error { _, err := d.Decode(pcm[:1919], nil); return err }, fault.Internal},
			{"packet without frames", func() error { _, err := d.Decode(room, []byte{3, 0}); return err }, fault.Corrupt},
			{"packet cut off", func() error { _, err := d.Decode(room, []byte{0xFE, 200}); return err }, fault.Corrupt},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if err := tt.do(); err == nil || fault.KindOf(err) != tt.kind {
					t.Errorf("error %v of kind %v, want %v", err, fault.KindOf(err), tt.kind)
				}
			})
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := opus.NewEncoder(opus.EncoderOptions{Backend: "lame"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("unknown encoder: %v", err)
	}
	if _, err := opus.NewEncoder(opus.EncoderOptions{Bitrate: 1}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("bitrate 1: %v", err)
	}
	if _, err := opus.NewDecoder(opus.DecoderOptions{Backend: "lame"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("unknown decoder: %v", err)
	}
	if _, err := opus.NewDecoder(opus.DecoderOptions{Gain: 1 << 15}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("gain out of range: %v", err)
	}
	if opus.DefaultBackend() != opus.Backends()[0] {
		t.Errorf("default %q of %q", opus.DefaultBackend(), opus.Backends())
	}
}

func TestClosedCodecsRefuse(t *testing.T) {
	block := music(1)
	eachBackend(t, func(t *testing.T, backend string) {
		e := newEncoder(t, opus.EncoderOptions{Backend: backend})
		d := newDecoder(t, opus.DecoderOptions{Backend: backend})
		for range 2 {
			if e.Close() != nil || d.Close() != nil {
				t.Fatal("Close failed")
			}
		}
		buf, pcm := make([]byte, audio.MaxPacketBytes), make([]float32, len(audio.Block{}))
		for name, do := range map[string]func() error{
			"Encode":        func() error { _, err := e.Encode(buf, &block[0]); return err },
			"SetBitrate":    func() error { return e.SetBitrate(64000) },
			"SetComplexity": func() error { return e.SetComplexity(5) },
			"encoder Reset": e.Reset,
			"Decode":        func() error { _, err := d.Decode(pcm, []byte(opus.SilenceFrame)); return err },
			"decoder Reset": d.Reset,
		} {
			if do() == nil {
				t.Errorf("%s after Close succeeded", name)
			}
		}
	})
}

func TestSteadyStateAllocatesLittle(t *testing.T) {
	source := music(50)
	limits := map[string]float64{
		"libopus": 0,
		"gopus":   1, // grows a few buffers, seldom
		"layeh":   2, // its packet and its audio
	}
	eachBackend(t, func(t *testing.T, backend string) {
		e := newEncoder(t, opus.EncoderOptions{Backend: backend})
		d := newDecoder(t, opus.DecoderOptions{Backend: backend})
		packet, pcm := make([]byte, audio.MaxPacketBytes), make([]float32, opus.MaxPacketSamples*audio.Channels)
		i := 0
		if n := testing.AllocsPerRun(100, func() {
			n, err := e.Encode(packet, &source[i%len(source)])
			if err == nil {
				_, err = d.Decode(pcm, packet[:n])
			}
			if err != nil {
				t.Fatal(err)
			}
			i++
		}); n > limits[backend] {
			t.Errorf("%v allocations per frame", n)
		}
	})
}

func energy(pcm []float32) (sum float64) {
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum
}
