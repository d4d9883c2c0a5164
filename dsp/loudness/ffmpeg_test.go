package loudness_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"busker/audio"
)

var (
	integrated = regexp.MustCompile(`I:\s+(-?[0-9.]+) LUFS`)
	truePeak   = regexp.MustCompile(`Peak:\s+(-?[0-9.]+) dBFS`)
)

// FFmpeg's meter has another author. It prints tenths.
func TestAgainstFFmpeg(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	length := 1500
	if racing {
		length = 200
	}
	for name, in := range map[string][]audio.Block{
		"wandering noise": wandering(3, length),
		"music":           music(length),
		"parts":           parts(part{-30, 5}, part{-12, 10}, part{-60, 5})[:length/2],
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := binary.Append(nil, binary.LittleEndian, in)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), ffmpeg, "-nostats", "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-",
				"-af", "ebur128=peak=true", "-f", "null", "-")
			cmd.Stdin = bytes.NewReader(raw)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			m := measure(in)
			got, _ := m.Integrated()
			if want := last(t, integrated, out); math.Abs(got-want) > 0.1 {
				t.Errorf("%.2f LUFS, ffmpeg %.1f", got, want)
			}
			peak := 20 * math.Log10(m.TruePeak())
			if want := last(t, truePeak, out); math.Abs(peak-want) > 0.35 { // another filter
				t.Errorf("%.2f dBTP, ffmpeg %.1f", peak, want)
			}
		})
	}
}

func last(t *testing.T, re *regexp.Regexp, out []byte) float64 {
	t.Helper()
	all := re.FindAllSubmatch(out, -1)
	if all == nil {
		t.Fatalf("no %v in\n%s", re, out)
	}
	v, err := strconv.ParseFloat(string(all[len(all)-1][1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// music has a bass, chords on both sides, and beats.
func music(n int) []audio.Block {
	r := rand.New(rand.NewPCG(1, 2))
	return blocks(n, func(i int) (float64, float64) {
		t := float64(i) / audio.SampleRate
		tone := func(hertz float64) float64 { return math.Sin(2 * math.Pi * hertz * t) }
		beat := 0.3 * math.Exp(-20*math.Mod(t, 0.5)) * r.NormFloat64()
		swell := 0.2 + 0.8*math.Pow(math.Sin(t/3), 2)
		bass := 0.3 * tone(55)
		return swell * (bass + 0.2*tone(220) + beat), swell * (bass + 0.2*tone(1318.5) + beat/2)
	})
}
