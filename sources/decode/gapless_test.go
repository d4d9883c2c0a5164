package decode_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"busker/audio"
	"busker/sources/decode"
)

// exactly decodes all of in, without the padding of its last block.
func exactly(t testing.TB, in decode.Input, at time.Duration, opts decode.Options) []float32 {
	t.Helper()
	r, err := decode.Open(t.Context(), in, at, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer r.Close()
	pcm, err := drain(r)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	tail := r.(audio.Ending).Tail()
	if tail < 0 || tail >= audio.FrameSamples {
		t.Fatalf("a tail of %d samples", tail)
	}
	return pcm[:max(0, len(pcm)-2*tail)]
}

// gapless are the formats that know where their sound begins and ends.
var gapless = []struct {
	name, file string
	args       []string
	elsewhere  bool
}{
	{"MP3", "a.mp3", []string{"-c:a", "libmp3lame", "-b:a", "192k"}, false},
	{"MP3 VBR", "a.mp3", []string{"-c:a", "libmp3lame", "-q:a", "2"}, false},
	{"M4A", "a.m4a", []string{"-c:a", "aac", "-b:a", "192k"}, false},
	{"Vorbis", "a.ogg", []string{"-c:a", "libvorbis", "-q:a", "7"}, false},
	{"Opus", "a.opus", []string{"-c:a", "libopus", "-b:a", "160k"}, false},
	{"WebM", "a.webm", []string{"-c:a", "libopus", "-b:a", "160k"}, false},
	{"FLAC", "a.flac", []string{"-c:a", "flac"}, false},
	{"WAV", "a.wav", []string{"-c:a", "pcm_s16le"}, false},
	{"ALAC by ffmpeg", "b.m4a", []string{"-c:a", "alac"}, true},
}

// TestPartsOfOneSoundJoin cuts a continuous tone in two, encodes each part by itself
// and plays them one behind the other.
func TestPartsOfOneSoundJoin(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, tt := range gapless {
		for _, rate := range []int{48000, 44100} {
			if rate == 44100 && (tt.file == "a.opus" || tt.file == "a.webm") {
				continue // always 48 kHz
			}
			for round := range 3 {
				if racing && (round > 0 || rate == 44100) {
					break // nothing here is concurrent
				}
				lengths := [2]int{rate + random.IntN(2*rate), rate + random.IntN(2*rate)}
				if racing {
					lengths[1] /= 2
				}
				if round == 0 {
					lengths[0] = 1152*40 + 3 // whatever its encoder makes of the three
				}
				t.Run(tt.name+" "+strconv.Itoa(rate), func(t *testing.T) {
					t.Parallel()
					join(t, tt.file, tt.args, tt.elsewhere, rate, lengths)
				})
			}
		}
	}
}

func join(t *testing.T, file string, args []string, elsewhere bool, rate int, lengths [2]int) {
	opts := decode.Options{}
	if elsewhere {
		opts = ffmpeg(t, decode.FFmpegOptions{})
	}
	var whole []float32
	seams := [2]int{}
	for i, from := range []int{0, lengths[0]} {
		path := encodePCM(t, file, hum(rate, from, lengths[i]), rate, args...)
		if file == "a.mp3" {
			mendTag(t, path, lengths[i])
		}
		part := exactly(t, fileInput(t, path), 0, opts)
		if want := int(math.Round(float64(lengths[i]) * 48000 / float64(rate))); len(part)/2 != want && (!elsewhere || rate == 48000) {
			t.Fatalf("part %d has %d samples, want %d (%+d)", i, len(part)/2, want, len(part)/2-want)
		}
		whole = append(whole, part...)
		seams[i] = len(whole) / 2
	}
	want := hum(48000, 0, len(whole)/2)
	if rate != 48000 { // the second part begins between two samples, up to half of one off
		want = append(hum(48000, 0, seams[0]), humAt(48000, float64(lengths[0])/float64(rate), len(whole)/2-seams[0])...)
	}
	for name, at := range map[string]int{"beginning": 480, "seam": seams[0] - 480, "end": len(whole)/2 - 960 - 480} {
		const n = 960
		got, want := whole[2*at:2*(at+n)], want[2*at:2*(at+n)]
		lag, best := bestLag(got, want, 50)
		if worst := difference(got, want); worst > 0.3 || lag != 0 || best < 0.98 {
			t.Errorf("%s: off by up to %.3f (correlation %.5f at a lag of %d)", name, worst, best, lag)
		}
	}
}

// mendTag writes into the LAME tag of an MP3 file how many samples were encoded, as
// LAME does. What ffmpeg writes there is wrong where the padding is more than a frame.
func mendTag(t testing.TB, path string, samples int) {
	t.Helper()
	b := must(os.ReadFile(path))
	at := max(bytes.Index(b, []byte("Info")), bytes.Index(b, []byte("Xing")))
	lame := at + 8 + 4 + 4 + 100 + 4
	if at < 0 || at > 4096 || b[at+7] != 15 {
		t.Fatal("no tag of the kind expected")
	}
	frames := int(binary.BigEndian.Uint32(b[at+8:]))
	delay := int(b[lame+21])<<4 | int(b[lame+22])>>4
	padding := frames*1152 - delay - samples
	b[lame+22] = b[lame+22]&0xF0 | byte(padding>>8)
	b[lame+23] = byte(padding)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// difference is the largest between a and b.
func difference(a, b []float32) (worst float64) {
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i]-b[i])))
	}
	return worst
}

// hum is a quiet chord of n samples that began from samples ago, which every encoder
// reproduces well.
func hum(rate, from, n int) []float32 { return humAt(rate, float64(from)/float64(rate), n) }

func humAt(rate int, from float64, n int) []float32 {
	pcm := make([]float32, 2*n)
	for i := range n {
		at := from + float64(i)/float64(rate)
		pcm[2*i] = float32(0.3*math.Sin(2*math.Pi*331*at) + 0.1*math.Sin(2*math.Pi*1217*at))
		pcm[2*i+1] = float32(0.3 * math.Sin(2*math.Pi*443*at))
	}
	return pcm
}

// encodePCM makes a file of pcm in stereo with ffmpeg.
func encodePCM(t testing.TB, name string, pcm []float32, rate int, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.wav"), filepath.Join(dir, name)
	if err := os.WriteFile(in, waveFile(pcm, rate, 2), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-v", "error", "-nostdin", "-i", in}, args...)
	if b, err := exec.Command(tool(t, "ffmpeg"), append(args, out)...).CombinedOutput(); err != nil {
		t.Fatalf("encode %s: %v\n%s", name, err, b)
	}
	return out
}
