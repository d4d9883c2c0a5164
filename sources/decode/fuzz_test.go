package decode_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
	"busker/sources/decode"
)

// FuzzOpen plays anything, from a file and from a stream, from the beginning and
// from the middle.
func FuzzOpen(f *testing.F) {
	f.Add(waveFile(song(8000, 1, 100*time.Millisecond), 8000, 1))
	f.Add([]byte("ID3\x03\x00\x00\x00\x00\x00\x10TIT2\x00\x00\x00\x06\x00\x00\x00Title"))
	f.Add([]byte("<!DOCTYPE html>"))
	if _, err := exec.LookPath("ffmpeg"); err == nil {
		seen := map[string]bool{}
		for _, s := range samples {
			if seen[s.format+s.file] || s.elsewhere || s.rate > 48000 {
				continue
			}
			seen[s.format+s.file] = true
			b, err := os.ReadFile(encode(f, s.file, s.rate, s.channels, 150*time.Millisecond, s.args...))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	all, preSkip := encoded(f, song48(4800))
	f.Add(dcaFile(f, preSkip, 4000, all))
	f.Add(append(oggFile(f, 1, 0, preSkip, 4800, all), oggFile(f, 2, 300, preSkip, 4000, all)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, in := range []func() decode.Input{
			func() decode.Input { return bytesInput(b) },
			func() decode.Input { return decode.Input{Reader: io.MultiReader(bytes.NewReader(b)), Size: -1} },
		} {
			info, err := decode.Probe(t.Context(), in(), decode.Options{})
			spoken(t, err)
			if err == nil && (info.Format == "" || info.Length < 0) {
				t.Errorf("%+v", info)
			}
			for _, at := range []time.Duration{0, 50 * time.Millisecond} {
				r, err := decode.Open(t.Context(), in(), at, decode.Options{})
				spoken(t, err)
				if err != nil {
					continue
				}
				listen(t, r)
				take(t, in(), at)
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// take hands on the packets of in, if it has any to hand on.
func take(t *testing.T, in decode.Input, at time.Duration) {
	t.Helper()
	r, err := decode.Open(t.Context(), in, at, decode.Options{})
	if err != nil {
		return
	}
	defer r.Close()
	pass, ok := r.(audio.PacketReader)
	p := audio.NewPacket()
	defer p.Release()
	for n := 0; ok && n < 10*audio.FramesPerSecond; n++ {
		if err := pass.ReadPacket(p); err != nil {
			if !errors.Is(err, io.EOF) {
				spoken(t, err)
			}
			return
		}
		if d, err := opus.PacketDuration(p.Bytes()); err != nil || d != audio.FrameTime {
			t.Fatalf("a packet of %v, %v", d, err)
		}
		if s := pass.Skip(); s < 0 || s >= audio.FrameSamples {
			t.Fatalf("skip %d", s)
		}
	}
}

// listen plays ten seconds at most: a few bytes of FLAC can be hours of silence.
func listen(t *testing.T, r audio.Reader) {
	t.Helper()
	var b audio.Block
	for range 10 * audio.FramesPerSecond {
		err := r.ReadBlock(&b)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			spoken(t, err)
			return
		}
		for _, v := range b {
			if !(v >= -8 && v <= 8) {
				t.Fatalf("sample %v", v)
			}
		}
	}
}

func spoken(t *testing.T, err error) {
	t.Helper()
	if m, ok := fault.Message(err); err != nil && (!ok || m == "") {
		t.Errorf("nothing to say of %v", err)
	}
}
