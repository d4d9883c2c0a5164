package aac_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/tphakala/go-aac/pcm"

	"busker/sources/decode/aac"
)

// encode makes an ADTS stream of noise that never repeats.
func encode(t testing.TB, frames int) []byte {
	t.Helper()
	raw := make([]byte, frames*1024*2*2)
	v := uint32(1)
	for i := range raw {
		v = v*1664525 + 1013904223
		raw[i] = byte(v >> 24)
		if i%2 == 1 {
			raw[i] = byte(int8(raw[i]) / 8)
		}
	}
	var b bytes.Buffer
	if err := pcm.EncodeInterleaved(&b, pcm.Config{SampleRate: 44100, BitDepth: 16, Channels: 2, Bitrate: 96000}, raw); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, b []byte, guess bool) *aac.Stream {
	t.Helper()
	s, err := aac.NewStream(bytes.NewReader(b), aac.Options{Size: int64(len(b)), Guess: guess})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(s *aac.Stream) (values []float32, err error) {
	buf := make([]float32, 3000)
	for {
		n, err := s.Read(buf)
		values = append(values, buf[:n]...)
		if err != nil {
			return values, err
		}
	}
}

func TestStream(t *testing.T) {
	s := open(t, encode(t, 40), false)
	got, err := read(s)
	if !errors.Is(err, io.EOF) || len(got) != 41*1024*2 || s.Rate() != 44100 || s.Channels() != 2 {
		t.Errorf("%d values at %d Hz, %v", len(got), s.Rate(), err)
	}
	if off := s.Samples - 41*1024; off < -4096 || off > 4096 {
		t.Errorf("estimated %d samples", s.Samples)
	}
}

func TestSeekIsExact(t *testing.T) {
	b := encode(t, 100)
	whole, _ := read(open(t, b, false))
	for _, at := range []int64{0, 1, 1023, 1024, 30_000, 90_001, 200_000} {
		s := open(t, b, false)
		if reached, err := s.SeekSample(at); err != nil || reached != at {
			t.Fatalf("sought %d, at %d, %v", at, reached, err)
		}
		got, _ := read(s)
		want := whole[min(int(at)*2, len(whole)):]
		if len(got) != len(want) {
			t.Errorf("%d values from %d on, want %d", len(got), at, len(want))
			continue
		}
		var off, all float64
		for i := range got {
			d := float64(got[i] - want[i])
			off, all = off+d*d, all+float64(want[i]*want[i])
		}
		if off > all/50 { // decoders make up some of the noise anew
			t.Errorf("from %d on: %v of an energy of %v differ", at, off, all)
		}
	}
}

func TestGuessLandsNear(t *testing.T) {
	b := encode(t, 300)
	s := open(t, b, true)
	if _, err := s.SeekSample(150 * 1024); err != nil {
		t.Fatal(err)
	}
	got, _ := read(s)
	if off := len(got)/2 - 151*1024; off < -30*1024 || off > 30*1024 {
		t.Errorf("%d samples off", off)
	}
}

func TestDamageIsLeftOut(t *testing.T) {
	b := encode(t, 60)
	copy(b[len(b)/2:], "garbage in the middle of a frame, and more of it")
	got, err := read(open(t, append([]byte("in front of it all"), b...), false))
	if !errors.Is(err, io.EOF) || len(got) < 55*2048 {
		t.Errorf("%d values, %v", len(got), err)
	}
	got, err = read(open(t, b[:len(b)-10], false))
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) < 55*2048 {
		t.Errorf("cut: %d values, %v", len(got), err)
	}
}

func TestUnsupported(t *testing.T) {
	for name, config := range map[string][]byte{
		"HE-AAC": {0x2B, 0x11, 0x88, 0x00}, "5.1": {0x12, 0x30}, "main profile": {0x0A, 0x10},
	} {
		if _, err := aac.NewUnit(config); !errors.Is(err, aac.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := aac.NewStream(bytes.NewReader([]byte("no frames here")), aac.Options{Size: -1}); !errors.Is(err, aac.ErrFormat) {
		t.Errorf("%v", err)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(encode(f, 4))
	f.Add([]byte{0xFF, 0xF1, 0x50, 0x80, 0x01, 0x1F, 0xFC})
	f.Fuzz(func(t *testing.T, b []byte) {
		aac.Sniff(b, true)
		s, err := aac.NewStream(bytes.NewReader(b), aac.Options{Size: int64(len(b))})
		if err != nil {
			return
		}
		_, _ = read(s)
		if _, err := s.SeekSample(1500); err != nil {
			t.Error(err)
		}
		_, _ = read(s)
	})
}
