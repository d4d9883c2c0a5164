package listen_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator/listen"
)

// noise is d of something without any order, the same for the same seed.
func noise(seed uint64, amplitude float64, d time.Duration) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	pcm := make([]float32, audio.DurationSamples(d)*audio.Channels)
	for i := range pcm {
		pcm[i] = float32(amplitude * (2*r.Float64() - 1))
	}
	return pcm
}

func silence(d time.Duration) []float32 {
	return make([]float32, audio.DurationSamples(d)*audio.Channels)
}

func join(parts ...[]float32) (all []float32) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func scale(pcm []float32, left, right float32) []float32 {
	out := make([]float32, len(pcm))
	for i := 0; i < len(pcm); i += 2 {
		out[i], out[i+1] = left*pcm[i], right*pcm[i+1]
	}
	return out
}

func TestCompare(t *testing.T) {
	song := noise(1, 0.3, 4*time.Second)
	for _, tt := range []struct {
		name           string
		got, reference []float32
		lag            int
		least, most    float64
		level          [2]float64
	}{
		{"the same", song, song, 0, 0.9999, 1, [2]float64{0, 0}},
		{"late", join(silence(700*time.Millisecond), song), song, 33600, 0.9999, 1, [2]float64{0, 0}},
		{"beginning missing", song[2*48000:], song, -48000, 0.9999, 1, [2]float64{0, 0}},
		{"long intro", join(silence(5*time.Second), song), join(silence(5*time.Second), song), 0, 0.9999, 1, [2]float64{0, 0}},
		{"one channel softer", scale(song, 0.5, 1), song, 0, 0.9, 0.97, [2]float64{-6.02, 0}},
		{"short", song[:2*4800], song[:2*4800], 0, 0.9999, 1, [2]float64{0, 0}},
		{"another song", noise(2, 0.3, 4*time.Second), song, -1, -0.1, 0.1, [2]float64{0, 0}},
		{"a tone that fits every period", sine(100, 0.5, 4*time.Second), sine(100, 0.5, 4*time.Second), 0, 0.9999, 1, [2]float64{0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := listen.Compare(listen.Samples(tt.got), listen.Samples(tt.reference))
			if err != nil {
				t.Fatal(err)
			}
			if tt.lag >= 0 && s.LagSamples != tt.lag || tt.lag < -1 && s.LagSamples != tt.lag {
				t.Errorf("lag %d samples, want %d", s.LagSamples, tt.lag)
			}
			if s.Coefficient < tt.least || s.Coefficient > tt.most+1e-9 {
				t.Errorf("correlation %v, want %v to %v", s.Coefficient, tt.least, tt.most)
			}
			for ch, want := range tt.level {
				if math.Abs(s.Level[ch]-want) > 0.1 {
					t.Errorf("channel %d at %+.2f dB, want %+.2f", ch, s.Level[ch], want)
				}
			}
		})
	}
}

func TestCompareFindsTheGlitch(t *testing.T) {
	song := noise(1, 0.3, 8*time.Second)
	broken := append([]float32(nil), song...)
	clear(broken[2*5*48000 : 2*5*48000+2*24000]) // half a second at 5 s
	s, err := listen.Compare(listen.Samples(broken), listen.Samples(song))
	if err != nil {
		t.Fatal(err)
	}
	if s.Coefficient < 0.95 || s.Worst > 0.8 || s.WorstAt != 5*time.Second {
		t.Errorf("%v", s)
	}
}

func TestCompareWithSilence(t *testing.T) {
	_, err := listen.Compare(listen.Samples(silence(3*time.Second)), listen.Samples(noise(1, 0.3, time.Second)))
	if !errors.Is(err, listen.ErrSilent) {
		t.Errorf("error %v", err)
	}
}

func TestTone(t *testing.T) {
	for _, hertz := range []float64{60, 441.3, 1000, 9876.5} {
		got, level := listen.Tone(sine(hertz, 1, time.Second), 0)
		if math.Abs(got-hertz) > 0.3 || math.Abs(level+3.01) > 0.1 {
			t.Errorf("%.1f Hz was measured as %.2f Hz at %.2f dBFS", hertz, got, level)
		}
	}
	if _, level := listen.Tone(silence(time.Second), 0); level > -100 {
		t.Errorf("silence at %v dBFS", level)
	}
}

// FuzzHear feeds packets with any numbering and content: nothing may panic, and
// the counts must add up.
func FuzzHear(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x03\xC0\x03\xF8\xFF\xFE\x00\x03\x00\x00\x07\x80\x03\xF8\xFF\xFE"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := listen.New(listen.Options{Keep: time.Second})
		now, sent := epoch, int64(0)
		for len(data) >= 7 && sent < 200 {
			n := min(int(data[6]), len(data)-7)
			l.Hear(listen.Packet{
				Speaker: speaker, SSRC: 1, Arrival: now,
				Sequence:  binary.BigEndian.Uint16(data),
				Timestamp: binary.BigEndian.Uint32(data[2:]) % audio.SampleRate,
				Payload:   data[7 : 7+n],
			})
			data = data[7+n:]
			now = now.Add(audio.FrameTime)
			sent++
		}
		l.Close()
		r := l.Report()
		if r.Packets != sent || r.Lost < 0 || r.Late+r.Duplicated+r.Reordered > sent {
			t.Fatalf("after %d packets\n%v", sent, r)
		}
		if got := l.Recording().Length(); got > r.Length {
			t.Fatalf("a recording of %v of %v heard", got, r.Length)
		}
		_ = r.String()
	})
}
