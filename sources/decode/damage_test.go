package decode_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ours are the samples decoded in process, one of each format. Under the race detector
// only WAV has a rate that needs the resampler, which costs more than all decoders.
func ours(t *testing.T) (list []sample) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range samples {
		key := s.format + s.file
		if !s.elsewhere && !seen[key] {
			seen[key] = true
			if racing && s.file != "a.wav" {
				s.rate = audio.SampleRate
			}
			list = append(list, s)
		}
	}
	return list
}

func made(t *testing.T, s sample) []byte {
	t.Helper()
	b, err := os.ReadFile(encode(t, s.file, s.rate, s.channels, 3*time.Second, s.args...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// attempt plays all of b, whatever comes of it, and fails only when an error has
// nothing to say.
func attempt(t *testing.T, in decode.Input, at time.Duration) (samples int, err error) {
	t.Helper()
	if _, err := decode.Probe(t.Context(), in, decode.Options{}); err != nil {
		spoken(t, err)
	}
	if s, ok := in.Reader.(io.Seeker); ok {
		if _, err := s.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
	}
	r, err := decode.Open(t.Context(), in, at, decode.Options{})
	if err != nil {
		spoken(t, err)
		return 0, err
	}
	pcm, err := drain(r)
	if err != nil {
		spoken(t, err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	return len(pcm) / 2, err
}

func TestCutContentPlaysToTheCut(t *testing.T) {
	for _, s := range ours(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := made(t, s)
			whole, err := attempt(t, bytesInput(b), 0)
			if err != nil {
				t.Fatal(err)
			}
			parts := []float64{0, 0.0005, 0.01, 0.6, 0.999}
			if racing {
				parts = parts[2:4]
			}
			for _, part := range parts {
				n := int(part * float64(len(b)))
				got, err := attempt(t, bytesInput(b[:n]), 0)
				behind := s.format == "MP4 (AAC)" && s.name != "M4A fast start mono" && s.name != "M4A fragmented" // the index was cut off
				switch {
				case got > whole:
					t.Errorf("%.4f of it plays longer than all", part)
				case part >= 0.6 && !behind && err != nil:
					t.Errorf("%.4f of it: %v", part, err)
				case part >= 0.6 && !behind && float64(got) < part*float64(whole)-1.2*48000: // an Ogg page can be a second
					t.Errorf("%.4f of it: only %d of %d samples", part, got, whole)
				}
				_, _ = attempt(t, streamInput(b[:n]), 0)
				_, _ = attempt(t, bytesInput(b[:n]), 2*time.Second)
			}
		})
	}
}

func TestDamagedContentIsSurvived(t *testing.T) {
	for _, s := range ours(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := made(t, s)
			whole, err := attempt(t, bytesInput(b), 0)
			if err != nil {
				t.Fatal(err)
			}
			random := rand.New(rand.NewPCG(3, 4))
			rounds := 6
			if racing {
				rounds = 1
			}
			for range rounds {
				c := bytes.Clone(b)
				for range 20 {
					c[random.IntN(len(c))] ^= byte(1 + random.IntN(255))
				}
				_, _ = attempt(t, bytesInput(c), 0)
				_, _ = attempt(t, streamInput(c), time.Second)
				_, _ = attempt(t, bytesInput(c), time.Second)
			}
			// A hole in the middle costs the hole and little more.
			c := bytes.Clone(b)
			for i := len(c) / 2; i < len(c)/2+len(c)/20; i++ {
				c[i] = byte(random.IntN(256))
			}
			got, err := attempt(t, bytesInput(c), 0)
			if s.file == "a.mov" || s.file == "a.webm" || s.file == "a.mkv" || s.name == "MP4 video" {
				return // the hole may hit the index, or the cluster everything is in
			}
			if err != nil || float64(got) < 0.6*float64(whole) {
				t.Errorf("behind a hole: %d of %d samples, %v", got, whole, err)
			}
		})
	}
}

func TestWhatIsNoAudio(t *testing.T) {
	for _, tt := range []struct {
		name    string
		content string
		kind    fault.Kind
		message string
	}{
		{"nothing", "", fault.Corrupt, "This file is empty."},
		{"spaces", " \r\n\n", fault.Corrupt, "This file is empty."},
		{"zeros", strings.Repeat("\x00", 5000), fault.Corrupt, "This file holds nothing but zeros."},
		{"page", "\n<!DOCTYPE HTML><html><body>404</body></html>", fault.Unsupported, "This is a web page (HTML), not audio."},
		{"page with a mark", "\xef\xbb\xbf<html lang=de>", fault.Unsupported, "This is a web page (HTML), not audio."},
		{"text", "hello, this is no music", fault.Unsupported, "This is text, not audio."},
		{"umlauts", strings.Repeat("für Elise ", 3000), fault.Unsupported, "This is text, not audio."},
		{"JSON", `{"error": "no"}`, fault.Unsupported, "This is JSON data, not audio."},
		{"playlist", "#EXTM3U\n#EXTINF:1\nhttp://127.0.0.1/x\n", fault.Unsupported, "This is a playlist, not audio. Play one of the links in it."},
		{"pls", "[playlist]\nFile1=http://x/\n", fault.Unsupported, "This is a playlist, not audio. Play one of the links in it."},
		{"concat script", "ffconcat version 1.0\nfile /etc/passwd\n", fault.Unsupported, "This is a playlist, not audio. Play one of the links in it."},
		{"XML", "<?xml version='1.0'?><x/>", fault.Unsupported, "This is an XML document, not audio."},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", fault.Unsupported, "This is a picture (PNG), not audio."},
		{"JPEG", "\xff\xd8\xff\xe0\x00\x10JFIF", fault.Unsupported, "This is a picture (JPEG), not audio."},
		{"WebP", "RIFF\x10\x00\x00\x00WEBPVP8 ", fault.Unsupported, "This is a picture (WebP), not audio."},
		{"AVIF", "\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", fault.Unsupported, "This is a picture (AVIF), not audio."},
		{"ZIP", "PK\x03\x04\x14\x00", fault.Unsupported, "This is an archive (ZIP), not audio. Unpack it first."},
		{"PDF", "%PDF-1.7\n", fault.Unsupported, "This is a PDF document, not audio."},
		{"program", "\x7fELF\x02\x01\x01", fault.Unsupported, "This is a program, not audio."},
		{"MIDI", "MThd\x00\x00\x00\x06", fault.Unsupported, "MIDI files cannot be played."},
		{"WMA without ffmpeg", "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", fault.Unsupported, "Windows Media can only be played with ffmpeg, which is not set up here."},
		{"noise", "\x80\x13\x9c\x01\xfe\x02" + strings.Repeat("\x91\x02\xab", 999), fault.Unsupported, "This is not audio of any kind I know."},
		{"only a FLAC header", "fLaC", fault.Corrupt, "This FLAC file is cut off before any sound."},
		{"WAV without samples", string(waveBytes(1, 16, 48000, 2, nil)), fault.Corrupt, "This WAV file holds no sound."},
		{"a tag and nothing", "ID3\x04\x00\x00\x00\x00\x00\x00", fault.Corrupt, "This file is empty."},
		{"seven hundred kilohertz", string(waveBytes(1, 16, 700000, 2, make([]byte, 4000))), fault.Unsupported, "Audio with a sample rate of 700000 Hz cannot be played."},
		{"sixteen channels", string(waveBytes(1, 16, 48000, 16, make([]byte, 4000))), fault.Unsupported, "Audio with 16 channels cannot be played."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, in := range map[string]decode.Input{"file": bytesInput([]byte(tt.content)), "stream": streamInput([]byte(tt.content))} {
				_, err := decode.Open(t.Context(), in, 0, decode.Options{})
				if m, _ := fault.Message(err); fault.KindOf(err) != tt.kind || m != tt.message {
					t.Errorf("%s: %v %q, want %v %q (%v)", name, fault.KindOf(err), m, tt.kind, tt.message, err)
				}
			}
		})
	}
}

func TestFailingInputIsNotCalledDamage(t *testing.T) {
	lost := errors.New("the wire was cut")
	b := waveFile(song(48000, 2, 3*time.Second), 48000, 2)
	for _, n := range []int{0, 20, 5000, len(b) / 2} {
		in := decode.Input{Reader: io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(lost)), Size: int64(len(b))}
		r, err := decode.Open(t.Context(), in, 0, decode.Options{})
		if err == nil {
			_, err = drain(r)
			_ = r.Close()
		}
		if !errors.Is(err, lost) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestContextEndsReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := waveFile(song(48000, 2, 20*time.Second), 48000, 2)
	r, err := decode.Open(ctx, bytesInput(b), 0, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if _, err := drain(r); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestReaderStaysFailedAndClosesOnce(t *testing.T) {
	closed := 0
	in := bytesInput(waveFile(song(48000, 2, 50*time.Millisecond), 48000, 2))
	in.Reader = struct {
		io.Reader
		io.Closer
	}{in.Reader, closer(func() error { closed++; return nil })}
	r, err := decode.Open(t.Context(), in, 0, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := drain(r)
	if err != nil || len(pcm) != 3*1920 {
		t.Fatalf("%d values, %v", len(pcm), err)
	}
	if tail := pcm[2400*2:]; similar(tail, tail) != 0 {
		t.Error("the last frame is not padded with silence")
	}
	var b audio.Block
	for range 3 {
		if err := r.ReadBlock(&b); !errors.Is(err, io.EOF) {
			t.Errorf("%v after the end", err)
		}
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil || closed != 1 {
		t.Errorf("closed %d times, %v", closed, err)
	}
	if err := r.ReadBlock(&b); err == nil {
		t.Error("a closed reader reads")
	}
}

type closer func() error

func (c closer) Close() error { return c() }

// endless repeats content for ever.
type endless struct {
	b  []byte
	at int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.b[e.at%len(e.b):])
	e.at += n
	return n, nil
}

func TestEndlessStream(t *testing.T) {
	for _, s := range ours(t) {
		if s.file != "a.mp3" && s.file != "a.aac" && s.file != "a.ogg" && s.file != "a.opus" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := made(t, s)
			radio := func() decode.Input {
				return decode.Input{Reader: &endless{b: b}, Size: -1, Live: true}
			}
			info, err := decode.Probe(t.Context(), radio(), decode.Options{})
			if err != nil || !info.Live || info.Length != 0 || info.Seekable {
				t.Errorf("%+v, %v", info, err)
			}
			r, err := decode.Open(t.Context(), radio(), time.Minute, decode.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var block audio.Block
			for i := range audio.Frames(shorter(20 * time.Second)) { // several times the song
				if err := r.ReadBlock(&block); err != nil {
					t.Fatalf("after %v: %v", audio.Duration(i), err)
				}
			}
		})
	}
}

func TestEndlessGarbageIsRefused(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(random.IntN(256))
	}
	for name, front := range map[string]string{"noise": "", "an Ogg page that promises more": "OggS\x00\x02", "a FLAC that never begins": "fLaC\x00\x00\x00\x22"} {
		in := decode.Input{Reader: &endless{b: append([]byte(front), noise...)}, Size: -1, Live: true}
		_, err := decode.Open(t.Context(), in, 0, decode.Options{})
		if k := fault.KindOf(err); k != fault.Unsupported && k != fault.Corrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}
