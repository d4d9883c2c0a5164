package decode_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"busker/audio"
	"busker/sources/decode"
)

// song makes interleaved PCM that correlates with itself at one place only: tones
// that glide, other ones in each channel, under a little noise.
func song(rate, channels int, length time.Duration) []float32 {
	random := rand.New(rand.NewPCG(1, 2))
	n := int(length.Seconds() * float64(rate))
	pcm := make([]float32, n*channels)
	for i := range n {
		at := float64(i) / float64(rate)
		for c := range channels {
			base := 180 + 70*float64(c)
			v := 0.25*math.Sin(2*math.Pi*(base*at+60*at*at)) +
				0.15*math.Sin(2*math.Pi*(3.1*base*at+35*math.Sin(2*at))) +
				0.02*(2*random.Float64()-1)
			pcm[i*channels+c] = float32(v * (0.7 + 0.3*math.Sin(5*at+float64(c))))
		}
	}
	return pcm
}

// waveFile writes PCM as a WAV file of 32-bit floats.
func waveFile(pcm []float32, rate, channels int) []byte {
	data := make([]byte, 0, 4*len(pcm))
	for _, v := range pcm {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return waveBytes(3, 32, rate, channels, data)
}

// waveBytes puts samples into a WAV file.
func waveBytes(tag, bits, rate, channels int, data []byte) []byte {
	var b bytes.Buffer
	frame := channels * bits / 8
	b.WriteString("RIFF")
	le(&b, uint32(36+len(data)))
	b.WriteString("WAVEfmt ")
	le(&b, uint32(16), uint16(tag), uint16(channels), uint32(rate), uint32(rate*frame), uint16(frame), uint16(bits))
	b.WriteString("data")
	le(&b, uint32(len(data)))
	b.Write(data)
	return b.Bytes()
}

func le(w io.Writer, values ...any) {
	for _, v := range values {
		if err := binary.Write(w, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
}

// tool returns the path of a program, or skips the test saying so.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: this format is not tested", name)
	}
	return path
}

// encode makes a file of a test song with ffmpeg and returns its path.
func encode(t testing.TB, name string, rate, channels int, length time.Duration, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.wav"), filepath.Join(dir, name)
	if err := os.WriteFile(in, waveFile(song(rate, channels, length), rate, channels), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-v", "error", "-nostdin", "-i", in}, args...)
	if b, err := exec.Command(tool(t, "ffmpeg"), append(args, out)...).CombinedOutput(); err != nil {
		t.Fatalf("encode %s: %v\n%s", name, err, b)
	}
	return out
}

// reference is what ffmpeg decodes from a file, at 48 kHz in stereo.
func reference(t testing.TB, path string) []float32 {
	t.Helper()
	b, err := exec.Command(tool(t, "ffmpeg"), "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0",
		"-f", "f32le", "-ac", "2", "-ar", "48000", "pipe:1").Output()
	if err != nil {
		t.Fatalf("ffmpeg decodes %s: %v", path, err)
	}
	pcm := make([]float32, len(b)/4)
	for i := range pcm {
		pcm[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return pcm
}

// fileInput opens a file for decoding.
func fileInput(t testing.TB, path string) decode.Input {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return decode.Input{Reader: f, Size: info.Size()}
}

// bytesInput is content in memory, which can seek.
func bytesInput(b []byte) decode.Input {
	return decode.Input{Reader: bytes.NewReader(b), Size: int64(len(b))}
}

// streamInput is content that comes once, as from a server that knows no ranges.
func streamInput(b []byte) decode.Input {
	return decode.Input{Reader: io.MultiReader(bytes.NewReader(b)), Size: int64(len(b))}
}

// drain reads r to its end.
func drain(r audio.Reader) ([]float32, error) {
	var pcm []float32
	var b audio.Block
	for {
		err := r.ReadBlock(&b)
		if errors.Is(err, io.EOF) {
			return pcm, nil
		}
		if err != nil {
			return pcm, err
		}
		pcm = append(pcm, b[:]...)
		if len(pcm) > 1<<28 {
			return pcm, errors.New("it never ends")
		}
	}
}

// play decodes all of in from at on.
func play(t testing.TB, in decode.Input, at time.Duration, opts decode.Options) []float32 {
	t.Helper()
	r, err := decode.Open(t.Context(), in, at, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	pcm, err := drain(r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	return pcm
}

// similar returns the correlation of a and b where they overlap.
func similar(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range min(len(a), len(b)) {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// bestLag returns by how many samples a is late against b, and how similar they
// are then.
func bestLag(a, b []float32, most int) (lag int, best float64) {
	window := 30000 // values
	if racing {
		window = 8000
	}
	for l := -most; l <= most; l++ {
		x, y := a, b
		if l > 0 {
			x = a[min(2*l, len(a)):]
		} else {
			y = b[min(-2*l, len(b)):]
		}
		if c := similar(x[:min(len(x), window)], y[:min(len(y), window)]); c > best {
			lag, best = l, c
		}
	}
	return lag, best
}
