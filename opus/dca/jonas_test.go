package dca_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	jonas "github.com/jonas747/dca"

	"busker/opus/dca"
)

func TestTheirDecoderReadsOurFiles(t *testing.T) {
	for name, file := range map[string][]byte{
		"DCA1": indexed(t, 700, 312, 5),
		"DCA0": raw(t, packet(0, 50), packet(1, 1276), packet(2, 3)),
	} {
		t.Run(name, func(t *testing.T) {
			d := jonas.NewDecoder(bytes.NewReader(file))
			if name == "DCA1" {
				if err := d.ReadMetadata(); err != nil || d.FormatVersion != 1 || d.Metadata.SongInfo.Title != "Song" ||
					d.Metadata.Opus.SampleRate != 48000 || d.Metadata.Dca.Tool.Name != "busker" {
					t.Fatalf("%v, %+v", err, d.Metadata)
				}
			}
			ours := open(t, bytes.NewReader(file))
			for i, want := range readAll(t, ours) {
				got, err := d.OpusFrame()
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("frame %d: %x, %v; want %x", i, got, err, want)
				}
			}
			if _, err := d.OpusFrame(); !errors.Is(err, io.EOF) {
				t.Errorf("at the end: %v", err)
			}
		})
	}
}

// module is where the files of jonas747/dca lie.
func module(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/jonas747/dca").Output()
	if err != nil {
		t.Skipf("the module is not here: %v", err)
	}
	return strings.TrimSpace(string(dir))
}

func TestWeReadTheirFile(t *testing.T) {
	f, err := os.Open(filepath.Join(module(t), "testaudio.dca"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	r := open(t, f)
	if m := r.Metadata(); m.DCA.Tool.Author != "bwmarrin" || m.Opus.Mode != "audio" || *m.Opus.Bitrate != 128000 || m.Info.Cover != nil {
		t.Errorf("%+v", m)
	}
	if n := len(readAll(t, r)); n != 755 || r.Position() != 755*960 {
		t.Errorf("%d packets, %d samples", n, r.Position())
	}
}

func TestWeReadWhatTheirEncoderWrites(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip(err)
	}
	input, err := os.ReadFile(filepath.Join(module(t), "testaudio.ogg"))
	if err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct {
		name    string
		ms, raw int
	}{{"DCA1", 20, 0}, {"DCA0", 20, 1}, {"60 ms", 60, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			o := *jonas.StdEncodeOptions
			o.RawOutput, o.FrameDuration = tt.raw == 1, tt.ms
			s, err := jonas.EncodeMem(bytes.NewReader(input), &o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Cleanup()
			file, err := io.ReadAll(drained{s})
			if err != nil {
				t.Fatal(err)
			}
			if version, ok := dca.Sniff(file[:4096], false); !ok || version != 1-tt.raw {
				t.Errorf("version %d, %v", version, ok)
			}
			r := open(t, bytes.NewReader(file))
			if m := r.Metadata(); tt.raw == 0 && (m.Origin.Source != "pipe" || *m.Opus.Bitrate != 64000) {
				t.Errorf("%+v", m)
			}
			n := len(readAll(t, r))
			if seconds := float64(r.Position()) / 48000; seconds < 15 || seconds > 15.3 {
				t.Errorf("%d packets, %v s", n, seconds)
			}
		})
	}
}

// drained makes an end of what their Read returns there: nothing and no error.
type drained struct{ io.Reader }

func (d drained) Read(b []byte) (int, error) {
	n, err := d.Reader.Read(b)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}
