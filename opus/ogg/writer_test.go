package ogg_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"busker/audio"
	"busker/opus"
	"busker/opus/ogg"
)

func TestWriterMakesPagesOfASecond(t *testing.T) {
	all := pages(t, file{packets: 120}.bytes(t))
	var granules []int64
	for i, b := range all {
		p, err := ogg.NewPageReader(bytes.NewReader(b)).Next()
		if err != nil {
			t.Fatal(err)
		}
		if first, last := p.Flags&ogg.First != 0, p.Flags&ogg.Last != 0; first != (i == 0) || last != (i == len(all)-1) {
			t.Errorf("page %d: flags %x", i, p.Flags)
		}
		if p.Sequence != uint32(i) {
			t.Errorf("page %d: sequence %d", i, p.Sequence)
		}
		granules = append(granules, p.Granule)
	}
	want := []int64{0, 0, 48000, 96000, 115200}
	if len(granules) != len(want) {
		t.Fatalf("granules %d", granules)
	}
	for i := range want {
		if granules[i] != want[i] {
			t.Errorf("granules %d, want %d", granules, want)
		}
	}
}

func TestFlushMakesPacketsReadable(t *testing.T) {
	var b bytes.Buffer
	w, err := ogg.NewWriter(&b, ogg.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := errors.Join(w.WritePacket(packet(i), frame), w.Flush(), w.Flush()); err != nil {
			t.Fatal(err)
		}
		if n := len(readAll(t, newReader(t, bytes.NewReader(b.Bytes())))); n != i+1 {
			t.Fatalf("%d packets after %d", n, i+1)
		}
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if all := readAll(t, newReader(t, bytes.NewReader(b.Bytes()))); len(all) != 3 {
		t.Errorf("%d packets", len(all))
	}
	if w.WritePacket(packet(3), frame) == nil {
		t.Error("a packet after Close was taken")
	}
}

func TestWriterRefuses(t *testing.T) {
	var b bytes.Buffer
	if _, err := ogg.NewWriter(&b, ogg.WriterOptions{Head: ogg.Head{Channels: 2, PreSkip: 1 << 16}}); err == nil {
		t.Error("a pre-skip that does not fit was taken")
	}
	w, err := ogg.NewWriter(&b, ogg.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		packet  []byte
		samples int
	}{{nil, 0}, {[]byte{3, 0}, 0}, {packet(1), frame + 1}, {packet(1), -1}} {
		if w.WritePacket(tt.packet, tt.samples) == nil {
			t.Errorf("packet % x of %d samples was taken", tt.packet, tt.samples)
		}
	}
}

type brokenPipe struct{ left int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

func TestWriteErrorsStick(t *testing.T) {
	if _, err := ogg.NewWriter(&brokenPipe{}, ogg.WriterOptions{}); err == nil {
		t.Error("headers went nowhere")
	}
	w, err := ogg.NewWriter(&brokenPipe{left: 2}, ogg.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WritePacket(packet(0), frame); err != nil {
		t.Fatal(err)
	}
	if w.Flush() == nil || w.WritePacket(packet(1), frame) == nil || w.Close() == nil {
		t.Error("an error was lost")
	}
}

// A real stream, with every odd thing the writer does, is fine with ffmpeg.
func TestFfmpegHasNothingToComplainAbout(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	path := filepath.Join(t.TempDir(), "a.opus")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	w, err := ogg.NewWriter(f, ogg.WriterOptions{
		Serial: 0xCAFE,
		Head:   ogg.Head{Channels: 2, Streams: 1, Coupled: 1, PreSkip: e.Lookahead(), InputRate: audio.SampleRate},
		Tags:   ogg.Tags{Vendor: "busker", Comments: []string{"TITLE=ÄÖÜ", "FILLER=" + strings.Repeat("x", 70000)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const seconds = 3
	for i := range seconds*audio.FramesPerSecond + 1 {
		var block audio.Block
		for j := range block {
			block[j] = float32(0.3 * math.Sin(float64(i*len(block)+j)/40))
		}
		buf := make([]byte, audio.MaxPacketBytes)
		n, err := e.Encode(buf, &block)
		if err != nil {
			t.Fatal(err)
		}
		samples := frame
		if i == seconds*audio.FramesPerSecond {
			samples = e.Lookahead() // so that exactly three seconds are left
		}
		if err := w.WritePacket(buf[:n], samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	cmd := exec.Command(ffmpeg, "-nostdin", "-v", "warning", "-i", path, "-f", "f32le", "-")
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Errorf("%v: %s", err, complaints.String())
	}
	if n := out.Len() / 8; n != seconds*audio.SampleRate {
		t.Errorf("ffmpeg decoded %d samples, want %d", n, seconds*audio.SampleRate)
	}
	probe, err := exec.Command("ffprobe", "-v", "warning", "-show_entries", "format=duration:stream_tags=title", "-of", "csv=p=0", path).CombinedOutput()
	if err != nil || !strings.Contains(string(probe), "3.0") || !strings.Contains(string(probe), "ÄÖÜ") {
		t.Errorf("ffprobe: %v: %s", err, probe)
	}
}
