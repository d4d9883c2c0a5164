package webm_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"busker/audio"
	"busker/opus/webm"
)

// clusters is a file of 10 clusters of 50 packets with cues behind them, or
// without.
func clusters(cues bool) []byte {
	build := func(cuesAt int) (content []byte, points [][]byte) {
		content = el(0x114D9B74, el(0x4DBB, el(0x53AB, idBytes(0x1C53BB6B)), el(0x53AC, []byte{0, byte(cuesAt >> 16), byte(cuesAt >> 8), byte(cuesAt)})))
		content = append(content, info...)
		content = append(content, tracks(opusTrack(6_500_000))...)
		for i := range 10 {
			points = append(points, el(0xBB, num(0xB3, uint64(i)*1000), el(0xB7, num(0xF7, 2), num(0xF1, uint64(len(content))))))
			content = append(content, cluster(i*50, i*50+50)...)
		}
		return content, points
	}
	content, _ := build(0)
	content, points := build(len(content))
	if !cues {
		return segment(content)
	}
	return segment(content, el(0x1C53BB6B, points...))
}

func TestSeek(t *testing.T) {
	real, err := os.ReadFile("testdata/tones.webm")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		file   []byte
		length time.Duration
	}{
		{"with cues", clusters(true), 10*time.Second - 6500*time.Microsecond},
		{"without cues", clusters(false), 10*time.Second - 6500*time.Microsecond},
		{"made by ffmpeg", real, 12 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader(t, bytes.NewReader(tt.file))
			for _, at := range []time.Duration{
				0, time.Millisecond, 80 * time.Millisecond, 5 * time.Second, 4990 * time.Millisecond,
				tt.length - time.Millisecond, 0, 3*time.Second + 7*time.Millisecond,
			} {
				seekTo(t, r, at)
			}
			if err := r.Seek(tt.length + time.Hour); err != nil {
				t.Fatal(err)
			}
			if _, err := r.ReadPacket(); !errors.Is(err, io.EOF) {
				t.Errorf("behind the end: %v", err)
			}
			seekTo(t, r, time.Second)
		})
	}
}

func seekTo(t *testing.T, r *webm.Reader, at time.Duration) {
	t.Helper()
	if err := r.Seek(at); err != nil {
		t.Fatal(err)
	}
	before := 0
	for first := true; ; first = false {
		if _, err := r.ReadPacket(); err != nil {
			t.Fatalf("after seek to %v: %v", at, err)
		}
		i := r.Info()
		if i.Reset != first {
			t.Errorf("seek to %v: reset %v", at, i.Reset)
		}
		before += i.SkipStart
		if i.SkipStart < i.Samples {
			break
		}
	}
	if got := r.Position(); got != audio.SamplesDuration(audio.DurationSamples(at)) {
		t.Errorf("seek to %v: heard from %v", at, got)
	}
	if before > 3840+frame+312 {
		t.Errorf("seek to %v: %d samples to converge", at, before)
	}
	if before < 3840 && at > 100*time.Millisecond {
		t.Errorf("seek to %v: only %d samples to converge", at, before)
	}
}

// counting counts the bytes taken from a file.
type counting struct {
	*bytes.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestCuesSaveReading(t *testing.T) {
	file := clusters(true)
	in := &counting{Reader: bytes.NewReader(file)}
	r := newReader(t, in)
	before := in.n
	seekTo(t, r, 9*time.Second+500*time.Millisecond)
	if read := in.n - before; read > 70<<10 || len(file) < 70<<10 {
		t.Errorf("%d bytes read of %d", read, len(file))
	}
}

func TestInputThatCanNotSeek(t *testing.T) {
	r := newReader(t, onlyReader{bytes.NewReader(clusters(true))})
	if err := r.Seek(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Seek: %v", err)
	}
	if all := readAll(t, r); len(all) != 500 {
		t.Errorf("%d packets", len(all))
	}
}

func FuzzReader(f *testing.F) {
	f.Add(clusters(true)[:3000], uint16(100))
	f.Add(segment(info, tracks(opusTrack(0)), el(0x1254C367, tag(30, "A", "B")), el(0x1F43B675, num(0xE7, 0),
		simple(0, 0x02, []byte{1, 3}, packet(0), packet(7)), simple(40, 0x06, []byte{1, 0x83}, packet(0), packet(7)),
		group(num(0x75A2, 13_500_000), 80, packet(1)))), uint16(3))
	b, err := os.ReadFile("testdata/tones.webm")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, uint16(9000))
	f.Fuzz(func(t *testing.T, b []byte, ms uint16) {
		r, err := webm.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		drain := func() {
			for {
				if _, err := r.ReadPacket(); err != nil {
					return
				}
				i := r.Info()
				if i.SkipStart < 0 || i.SkipEnd < 0 || i.SkipStart+i.SkipEnd > i.Samples || i.Samples > 5760 {
					t.Fatalf("%+v", i)
				}
			}
		}
		drain()
		if r.Seek(time.Duration(ms)*time.Millisecond) == nil {
			drain()
		}
	})
}
