package mp3_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"busker/sources/decode/mp3"
)

// encode makes an MP3 of a gliding tone with ffmpeg, of so many samples.
func encode(t testing.TB, samples string, args ...string) []byte {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed: there is no MP3 to test with")
	}
	out := filepath.Join(t.TempDir(), "out.mp3")
	args = append([]string{
		"-v", "error", "-f", "lavfi", "-i", "aevalsrc=0.4*sin(400*t+300*t*t)|0.3*sin(900*t+100*t*t):s=44100",
		"-af", "atrim=end_sample=" + samples, "-c:a", "libmp3lame", "-id3v2_version", "0",
	}, args...)
	if b, err := exec.Command(ffmpeg, append(args, out)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, b []byte, guess bool) *mp3.Decoder {
	t.Helper()
	d, err := mp3.NewDecoder(bytes.NewReader(b), mp3.Options{Size: int64(len(b)), Guess: guess})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func read(d *mp3.Decoder) (values []float32, err error) {
	buf := make([]float32, 4096)
	for {
		n, err := d.Read(buf)
		values = append(values, buf[:n]...)
		if err != nil {
			return values, err
		}
	}
}

func TestGapless(t *testing.T) {
	for _, samples := range []string{"1151", "1152", "44100", "100000"} {
		d := open(t, encode(t, samples, "-b:a", "128k"), false)
		got, err := read(d)
		if want := samples; !errors.Is(err, io.EOF) || strconv.Itoa(len(got)/2) != want || strconv.FormatInt(d.Samples, 10) != want || !d.Exact {
			t.Errorf("%s samples: decoded %d, announced %d, %v", want, len(got)/2, d.Samples, err)
		}
	}
}

func TestSeekIsExact(t *testing.T) {
	for _, args := range [][]string{{"-b:a", "128k"}, {"-q:a", "5"}, {"-b:a", "32k", "-ac", "1"}, {"-b:a", "96k", "-write_xing", "0"}} {
		b := encode(t, "120000", args...)
		whole, _ := read(open(t, b, false))
		for _, at := range []int64{0, 1, 1152, 50_000, 100_001, 119_000, 200_000} {
			d := open(t, b, false)
			reached, err := d.SeekSample(at)
			if err != nil || reached != at {
				t.Fatalf("%v: sought %d, at %d, %v", args, at, reached, err)
			}
			got, _ := read(d)
			want := whole[min(int(at)*2, len(whole)):]
			if len(got) != len(want) {
				t.Errorf("%v: %d values from %d on, want %d", args, len(got), at, len(want))
				continue
			}
			for i := range got {
				if d := got[i] - want[i]; d > 1e-4 || d < -1e-4 {
					t.Errorf("%v: value %d from %d on is %v, want %v", args, i, at, got[i], want[i])
					break
				}
			}
		}
	}
}

type counter struct {
	*bytes.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestGuessReadsLittleAndLandsNear(t *testing.T) {
	for _, args := range [][]string{{"-b:a", "128k"}, {"-q:a", "5"}, {"-b:a", "128k", "-write_xing", "0"}} {
		const samples, at = 2_000_000, 1_500_000
		b := encode(t, strconv.Itoa(samples), args...)
		c := &counter{Reader: bytes.NewReader(b)}
		d, err := mp3.NewDecoder(c, mp3.Options{Size: int64(len(b)), Guess: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.SeekSample(at); err != nil {
			t.Fatal(err)
		}
		if c.n > 128<<10 {
			t.Errorf("%v: %d of %d bytes read", args, c.n, len(b))
		}
		got, _ := read(d)
		_ = d.Close()
		if off := len(got)/2 - (samples - at); off < -44100 || off > 44100 {
			t.Errorf("%v: %d samples off", args, off)
		}
	}
}

func TestAppendedFilesPlayOn(t *testing.T) {
	one := encode(t, "50000", "-b:a", "96k", "-write_xing", "0")
	tag := append([]byte("ID3\x03\x00\x00\x00\x00\x08\x00"), bytes.Repeat([]byte{0xFF, 0xFB, 0x90, 0x64}, 256)...)
	b := append(append(bytes.Clone(one), tag...), one...)
	first, _ := read(open(t, one, false))
	got, _ := read(open(t, b, false))
	if d := len(got) - 2*len(first); d < -4*1152 || d > 4*1152 {
		t.Errorf("%d values, one alone has %d", len(got), len(first))
	}
}

func TestTags(t *testing.T) {
	plain := encode(t, "44100", "-b:a", "128k", "-write_xing", "0")
	vbri := bytes.Clone(plain[:417])
	clear(vbri[4:])
	copy(vbri[36:], "VBRI\x00\x01\x00\x00\x00\x4b\x00\x01\x00\x00\x00\x00\x00\x64")
	d := open(t, append(vbri, plain...), false)
	if d.Samples != 100*1152 || !d.Exact {
		t.Errorf("VBRI: %d samples", d.Samples)
	}
	d = open(t, plain, false)
	if off := d.Samples - 44100; off < 0 || off > 3*1152 || d.Exact {
		t.Errorf("no tag: %d samples", d.Samples)
	}
}

func TestNoMPEG(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("text"), bytes.Repeat([]byte{0xFF}, 5000), {0xFF, 0xFB, 0x90, 0x64}} {
		if _, err := mp3.NewDecoder(bytes.NewReader(b), mp3.Options{Size: int64(len(b))}); !errors.Is(err, mp3.ErrFormat) {
			t.Errorf("%.8x: %v", b, err)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	if _, err := exec.LookPath("ffmpeg"); err == nil {
		f.Add(encode(f, "4000", "-b:a", "128k"))
		f.Add(encode(f, "4000", "-q:a", "9", "-ac", "1"))
	}
	f.Add(bytes.Repeat([]byte{0xFF, 0xFB, 0x10, 0xC4}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		mp3.Sniff(b, true)
		d, err := mp3.NewDecoder(bytes.NewReader(b), mp3.Options{Size: int64(len(b))})
		if err != nil {
			return
		}
		defer d.Close()
		_, _ = read(d)
		if _, err := d.SeekSample(1000); err != nil {
			t.Error(err)
		}
		_, _ = read(d)
	})
}
