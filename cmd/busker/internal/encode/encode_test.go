package encode_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	jonas "github.com/jonas747/dca"
	"go.uber.org/goleak"

	"busker/audio"
	"busker/cmd/busker/internal/encode"
	"busker/dsp"
	"busker/dsp/room"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/dca"
	"busker/opus/ogg"
	"busker/sources/decode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	album = "../album/music/01-cobblestone-waltz.opus"
	// samples of the wave file, no whole number of frames.
	samples = 3*audio.SampleRate + 123
)

func sound() (pcm []float32) {
	for n := range samples {
		at := float64(n) / audio.SampleRate
		v := float32(0.5 * math.Sin(2*math.Pi*(300+200*at)*at))
		pcm = append(pcm, v, -v)
	}
	return pcm
}

// wave is sound as a file.
func wave() []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x04\x00\x10\x00data")
	b = binary.LittleEndian.AppendUint32(b, samples*4)
	for _, v := range sound() {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(v*32767)))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.wav")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run encodes and returns what was written.
func run(t *testing.T, o encode.Options) []byte {
	t.Helper()
	o.Output = filepath.Join(t.TempDir(), "out.dca")
	if err := encode.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(filepath.Dir(o.Output)); err != nil || len(list) != 1 {
		t.Errorf("in the folder: %v, %v", list, err)
	}
	b, err := os.ReadFile(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func header(t *testing.T, file []byte) dca.Metadata {
	t.Helper()
	r, err := dca.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Complete(int64(len(file))), r.Verify()); err != nil {
		t.Error(err)
	}
	return r.Metadata()
}

// hear plays a file and returns what is heard.
func hear(t *testing.T, file []byte) (pcm []float32) {
	t.Helper()
	r, err := decode.Open(t.Context(), decode.Input{Reader: bytes.NewReader(file), Size: int64(len(file))}, 0, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b audio.Block
	for {
		err := r.ReadBlock(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, b[:]...)
	}
	return pcm[:len(pcm)-r.(audio.Ending).Tail()*audio.Channels]
}

// distance is the signal to noise ratio in decibels.
func distance(got, want []float32) float64 {
	signal, noise := 0.0, 1e-12
	for i := range want {
		signal += float64(want[i]) * float64(want[i])
		noise += float64(got[i]-want[i]) * float64(got[i]-want[i])
	}
	return 10 * math.Log10(signal/noise)
}

func TestEveryBackendEncodesTheSound(t *testing.T) {
	input := write(t, wave())
	for _, backend := range append(opus.Backends(), opus.StreamBackends()...) {
		t.Run(backend, func(t *testing.T) {
			if backend == "ffmpeg" {
				if _, err := exec.LookPath("ffmpeg"); err != nil {
					t.Skip(err)
				}
			}
			file := run(t, encode.Options{Input: input, Backend: backend, Bitrate: 160000, Comment: "Hello", Tool: "v1"})
			m := header(t, file)
			if m.Extra.Skip == 0 || *m.Opus.Bitrate != 160000 || m.Info.Comments != "Hello" || m.DCA.Tool.Version != "v1" ||
				m.Origin.Source != "file" || m.Origin.Encoding != "WAV" {
				t.Errorf("%+v", m)
			}
			got, want := hear(t, file), sound()
			if len(got) != len(want) {
				t.Fatalf("%d samples, want %d", len(got)/2, len(want)/2)
			}
			if d := distance(got, want); d < 20 {
				t.Errorf("%.1f dB from the input", d)
			}
			theirs := jonas.NewDecoder(bytes.NewReader(file))
			n := 0
			for {
				if _, err := theirs.OpusFrame(); err != nil {
					break
				}
				n++
			}
			if int64(n*audio.FrameSamples) != m.Extra.Samples {
				t.Errorf("their decoder finds %d packets of %d", n, m.Extra.Samples/960)
			}
		})
	}
}

func TestOpusIsCopied(t *testing.T) {
	file := run(t, encode.Options{Input: album})
	f, err := os.Open(album)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	theirs, err := ogg.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := dca.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	m := header(t, file)
	if m.Info.Title != "Cobblestone Waltz" || m.Extra.Skip != theirs.Head().PreSkip || m.Opus.Bitrate != nil || m.Extra.Index == nil {
		t.Errorf("%+v", m)
	}
	length, err := theirs.Length()
	if d, ok := ours.Length(); err != nil || !ok || audio.DurationSamples(d) != length {
		t.Errorf("length %v, want %d samples", d, length)
	}
	for {
		want, err := theirs.ReadPacket()
		if errors.Is(err, io.EOF) {
			break
		}
		got, err2 := ours.ReadPacket()
		if err != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, %v, or they differ", err, err2)
		}
	}
	if _, err := ours.ReadPacket(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestOpusIsEncodedWhenAskedTo(t *testing.T) {
	copied := run(t, encode.Options{Input: album})
	low := run(t, encode.Options{Input: album, Bitrate: 32000})
	if len(low) > len(copied)*2/3 || *header(t, low).Opus.Bitrate != 32000 {
		t.Errorf("%d bytes, %d as it is", len(low), len(copied))
	}
	if a, b := header(t, copied).Extra, header(t, low).Extra; a.Samples-int64(a.Skip+a.Tail) != b.Samples-int64(b.Skip+b.Tail) {
		t.Errorf("lengths differ: %+v, %+v", a, b)
	}
}

func TestCover(t *testing.T) {
	with, without := header(t, run(t, encode.Options{Input: album})), header(t, run(t, encode.Options{Input: album, NoCover: true}))
	if with.Info.Cover == nil || without.Info.Cover != nil {
		t.Fatal("the cover is not as asked for")
	}
	picture, err := base64.StdEncoding.DecodeString(*with.Info.Cover)
	if err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("% x, %v", picture[:4], err)
	}
}

func TestEffects(t *testing.T) {
	input := write(t, wave())
	plain := header(t, run(t, encode.Options{Input: input})).Extra
	faster := header(t, run(t, encode.Options{Input: input, Settings: dsp.Settings{Timescale: dsp.Timescale{Rate: 1.5}}})).Extra
	if ratio := float64(plain.Samples) / float64(faster.Samples); ratio < 1.4 || ratio > 1.6 {
		t.Errorf("one and a half times as fast takes 1/%.2f of the time", ratio)
	}
	quiet := hear(t, run(t, encode.Options{Input: input, Settings: dsp.Settings{Volume: 0.25}}))
	peak := float32(0)
	for _, v := range quiet {
		peak = max(peak, v)
	}
	if peak > 0.2 || peak < 0.02 {
		t.Errorf("at a quarter of the volume the peak is %.2f", peak)
	}
}

// at is the sound at a time, in seconds.
func at(t float64) float64 {
	if t < 0 || t >= float64(samples)/audio.SampleRate {
		return 0
	}
	return 0.5 * math.Sin(2*math.Pi*(300+200*t)*t)
}

// lag is by how many samples a stretch of pcm is late, its left side being the sound that
// is heard so much faster.
func lag(pcm []float32, from, n int, speed float64) (late int) {
	want := make([]float64, n)
	for i := range want {
		want[i] = at(float64(from+i) * speed / audio.SampleRate)
	}
	best := math.Inf(-1)
	for shift := -300; shift <= 300; shift++ {
		sum := 0.0
		for i, w := range want {
			if k := from + i + shift; k >= 0 && k < len(pcm)/2 {
				sum += float64(pcm[2*k]) * w
			}
		}
		if sum > best {
			best, late = sum, shift
		}
	}
	return late
}

// TestEffectsMoveNothing has the sound begin and end where it does without them.
func TestEffectsMoveNothing(t *testing.T) {
	bands := [dsp.Bands]float64{5: 0.01}
	for _, tt := range []struct {
		name     string
		settings dsp.Settings
		speed    float64
		rings    bool
	}{
		{"volume", dsp.Settings{Volume: 0.5}, 1, false},
		{"volume of 1", dsp.Settings{Volume: 1}, 1, false},
		{"equalizer", dsp.Settings{Equalizer: bands}, 1, false},
		{"faster", dsp.Settings{Timescale: dsp.Timescale{Rate: 1.5}}, 1.5, false},
		{"slower", dsp.Settings{Timescale: dsp.Timescale{Rate: 0.8}, Equalizer: bands}, 0.8, false},
		{"echo", dsp.Settings{Echo: room.Echoing{Delay: 0.3, Decay: 0.3, Mix: 0.1}}, 1, true},
		{"reverb", dsp.Settings{ChannelMix: dsp.ChannelMix{On: true, LeftToLeft: 1}, Reverb: room.Reverberation{Mix: 0.1, Size: 0.3, Damping: 0.5, PreDelay: 50}}, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := hear(t, run(t, encode.Options{Input: write(t, wave()), Settings: tt.settings, Bitrate: 128000}))
			want := int(math.Round(samples / tt.speed))
			if n := len(got) / 2; n != want && !tt.rings || n < want {
				t.Errorf("%d samples, want %d", n, want)
			}
			if tt.rings {
				rest := got[2*want:]
				if len(rest) < 2*4800 || len(rest) > 2*5*audio.SampleRate {
					t.Errorf("rings for %d samples", len(rest)/2)
				}
				got = got[:2*want]
			}
			for _, from := range []int{0, want / 2, want - 4800} {
				if late := lag(got, from, 4800, tt.speed); max(late, -late) > 1 {
					t.Errorf("at sample %d it is late by %d", from, late)
				}
			}
		})
	}
}

func TestStart(t *testing.T) {
	file := run(t, encode.Options{Input: write(t, wave()), Start: 1500 * time.Millisecond, Bitrate: 160000})
	got, want := hear(t, file), sound()[72000*audio.Channels:]
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got)/2, len(want)/2)
	}
	if d := distance(got, want); d < 20 {
		t.Errorf("%.1f dB from the input", d)
	}
	err := encode.Run(t.Context(), encode.Options{Input: write(t, wave()), Start: time.Hour, Output: filepath.Join(t.TempDir(), "x.dca")})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("behind the end: %v", err)
	}
}

func TestRaw(t *testing.T) {
	raw := run(t, encode.Options{Input: album, Raw: true})
	if version, ok := dca.Sniff(raw, true); version != 0 || !ok || !bytes.HasSuffix(run(t, encode.Options{Input: album}), raw) {
		t.Errorf("version %d, %v, or other packets", version, ok)
	}
}

func TestOverwriting(t *testing.T) {
	o := encode.Options{Input: write(t, wave()), Output: filepath.Join(t.TempDir(), "x.dca")}
	if err := os.WriteFile(o.Output, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := encode.Run(t.Context(), o)
	if b, _ := os.ReadFile(o.Output); fault.KindOf(err) != fault.Invalid || string(b) != "mine" {
		t.Errorf("%v, and it holds %q", err, b)
	}
	o.Force = true
	if err := encode.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(o.Output); !bytes.HasPrefix(b, []byte("DCA1")) {
		t.Errorf("it holds %q", b[:4])
	}
	o.Output = t.TempDir()
	if err := encode.Run(t.Context(), o); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a folder: %v", err)
	}
}

func TestFailuresLeaveNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		input string
		kind  fault.Kind
	}{
		"no sound":    {write(t, []byte(strings.Repeat("no sound at all ", 900))), fault.Unsupported},
		"no file":     {filepath.Join(t.TempDir(), "none"), fault.NotFound},
		"a folder":    {t.TempDir(), fault.Invalid},
		"interrupted": {album, fault.Canceled},
		"no samples":  {write(t, wave()[:44]), fault.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			if name == "interrupted" {
				stop()
			}
			err := encode.Run(ctx, encode.Options{Input: tt.input, Output: filepath.Join(dir, "x.dca")})
			if list, _ := os.ReadDir(dir); fault.KindOf(err) != tt.kind || len(list) != 0 {
				t.Errorf("%v: %v; left: %v", fault.KindOf(err), err, list)
			}
			if m, ok := fault.Message(err); !ok {
				t.Errorf("says %q", m)
			}
		})
	}
}

func TestNoFolder(t *testing.T) {
	err := encode.Run(t.Context(), encode.Options{Input: album, Output: filepath.Join(t.TempDir(), "none", "x.dca")})
	if fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestProgress(t *testing.T) {
	var terminal bytes.Buffer
	run(t, encode.Options{Input: album, Terminal: true, Progress: &terminal})
	for _, want := range []string{"encoding", "copied as it was", "kbit/s"} {
		if !strings.Contains(terminal.String(), want) {
			t.Errorf("no %q in %q", want, terminal.String())
		}
	}
	var pipe bytes.Buffer
	if run(t, encode.Options{Input: album, Progress: &pipe}); pipe.Len() != 0 {
		t.Errorf("says %q to what is no terminal", pipe.String())
	}
}
