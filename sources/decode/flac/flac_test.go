package flac_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"busker/sources/decode/flac"
)

// encode makes a FLAC file of 16-bit samples with ffmpeg.
func encode(t testing.TB, samples []int16, channels string, args ...string) []byte {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed: there is no FLAC to test with")
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.raw"), filepath.Join(dir, "out.flac")
	var raw bytes.Buffer
	_ = binary.Write(&raw, binary.LittleEndian, samples)
	if err := os.WriteFile(in, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-v", "error", "-f", "s16le", "-ar", "44100", "-ac", channels, "-i", in, "-c:a", "flac"}, args...)
	if b, err := exec.Command(ffmpeg, append(args, out)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// steps are samples that tell where they are, in a shape predictors find work in.
func steps(n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(i*7 ^ (i>>5)*31)
	}
	return s
}

func read(t testing.TB, d *flac.Decoder, most int) (got []int16, err error) {
	t.Helper()
	buf := make([]float32, 6000)
	for len(got) < most {
		n, err := d.Read(buf)
		for _, v := range buf[:n] {
			got = append(got, int16(v*32768))
		}
		if err != nil {
			return got, err
		}
	}
	return got, nil
}

func TestEverySampleIsExact(t *testing.T) {
	want := steps(60000)
	for _, args := range [][]string{
		{"-compression_level", "0"},
		{"-compression_level", "5"},
		{"-compression_level", "12"},
		{"-lpc_type", "none"},
		{"-ch_mode", "left_side"},
		{"-ch_mode", "right_side"},
		{"-ch_mode", "mid_side"},
		{"-ch_mode", "indep"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			b := encode(t, want, "2", args...)
			d, err := flac.NewDecoder(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := read(t, d, 1<<30)
			if !errors.Is(err, io.EOF) || len(got) != len(want) || d.Samples != 30000 || d.Rate != 44100 {
				t.Fatalf("%d values, %d samples at %d Hz, %v", len(got), d.Samples, d.Rate, err)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("value %d is %d, want %d", i, got[i], want[i])
				}
			}
		})
	}
}

func TestSeekHitsTheSample(t *testing.T) {
	want := steps(2_000_000)
	b := encode(t, want, "2", "-compression_level", "0")
	for _, at := range []int64{0, 1, 4095, 4096, 500_000, 999_999, 1_000_000, 5_000_000, 3} {
		for _, size := range []int64{int64(len(b)), -1} {
			d, err := flac.NewDecoder(bytes.NewReader(b), size)
			if err != nil {
				t.Fatal(err)
			}
			reached, err := d.SeekSample(at)
			if err != nil || reached != at {
				t.Fatalf("%d: at %d, %v", at, reached, err)
			}
			got, err := read(t, d, 100)
			if at >= 1_000_000 {
				if len(got) > 0 || !errors.Is(err, io.EOF) {
					t.Errorf("%d: %d values behind the end, %v", at, len(got), err)
				}
				continue
			}
			for i := range min(len(got), 100) {
				if got[i] != want[int(at)*2+i] {
					t.Fatalf("%d: value %d is %d, want %d", at, i, got[i], want[int(at)*2+i])
				}
			}
		}
	}
}

// counter counts what is read of a file.
type counter struct {
	*bytes.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestSeekReadsLittle(t *testing.T) {
	b := encode(t, steps(8_000_000), "2", "-compression_level", "0")
	c := &counter{Reader: bytes.NewReader(b)}
	d, err := flac.NewDecoder(c, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.SeekSample(3_000_000); err != nil {
		t.Fatal(err)
	}
	if c.n > 1<<20 {
		t.Errorf("%d of %d bytes read", c.n, len(b))
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	b := encode(t, steps(4_000_000), "2")
	d, err := flac.NewDecoder(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]float32, 4096)
	for range 20 {
		_, _ = d.Read(buf)
	}
	if n := testing.AllocsPerRun(200, func() { _, _ = d.Read(buf) }); n > 0 {
		t.Errorf("%v allocations per read", n)
	}
}

func FuzzDecoder(f *testing.F) {
	if _, err := exec.LookPath("ffmpeg"); err == nil {
		f.Add(encode(f, steps(3000), "2"))
		f.Add(encode(f, steps(3000), "1", "-compression_level", "12"))
	}
	f.Add([]byte("fLaC\x80\x00\x00\x22"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := flac.NewDecoder(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		_, _ = read(t, d, 1<<20)
		if at, err := d.SeekSample(1000); err == nil && at > 1000 {
			t.Errorf("sought 1000, reached %d", at)
		}
		_, _ = read(t, d, 1<<20)
	})
}
