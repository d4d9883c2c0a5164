package stretch_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"testing"

	"busker/audio"
	"busker/dsp/stretch"
)

func TestLengthFollowsTheSpeed(t *testing.T) {
	const second, minutes = audio.FramesPerSecond, 60 * audio.FramesPerSecond
	in := music(50)
	for _, tt := range []struct {
		tempo, pitch, rate float64
		blocks             int
	}{
		{1, 1, 1, second},
		{1.25, 1, 1, 5 * minutes},
		{0.8, 1, 1, 10 * second},
		{1.0173, 1, 1, 20 * second},
		{4, 1, 1, 20 * second},
		{1, 1.2, 1, 10 * second},
		{1, 0.75, 1, 10 * second},
		{1, 1, 1.25, 10 * second},
		{1, 1, 0.8371, 30 * second},
		{1.1, 1.3, 0.9, 20 * second},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			blocks := tt.blocks
			if racing {
				blocks = min(blocks, 5*second)
			}
			s := stretch.New()
			s.Set(tt.tempo, tt.pitch, tt.rate)
			total := 0
			var b audio.Block
			for i := range blocks {
				s.Push(&in[i%len(in)])
				for s.Pull(&b) {
					total += audio.FrameSamples
				}
				heard := float64(i+1) - s.Delay()
				if want := float64(total) / float64(audio.FrameSamples) * tt.tempo * tt.rate; math.Abs(heard-want) > 0.6 {
					t.Fatalf("after %d blocks of input %.2f are heard, by Delay %.2f", i+1, want, heard)
				}
			}
			for n := s.Drain(&b); n > 0; n = s.Drain(&b) {
				total += n
			}
			want := float64(blocks*audio.FrameSamples) / (tt.tempo * tt.rate)
			if d := float64(total) - want; math.Abs(d) > 2 {
				t.Errorf("output is %.0f samples longer than it should be", d)
			}
		})
	}
}

func TestPitchOfASine(t *testing.T) {
	for _, tt := range []struct {
		tempo, pitch, rate float64
	}{
		{1.25, 1, 1},
		{0.7, 1, 1},
		{1.03, 1, 1},
		{2, 1, 1},
		{1, 1.25, 1},
		{1, 0.8, 1},
		{1, 1, 1.2},
		{1.3, 1.1, 0.9},
	} {
		tones := []float64{110, 2500}
		if racing {
			tones = tones[1:]
		}
		for _, hertz := range tones {
			t.Run(fmt.Sprint(tt, hertz), func(t *testing.T) {
				s := stretch.New()
				s.Set(tt.tempo, tt.pitch, tt.rate)
				left, _ := run(s, tone(90, hertz, 0.5))
				middle := left[4800:min(len(left)-9600, 28800)]
				want := hertz * tt.pitch * tt.rate
				if got := pitch(middle, want); math.Abs(got/want-1) > 0.0005 {
					t.Errorf("%.2f Hz became %.2f Hz, not %.2f", hertz, got, want)
				}
				for i := 0; i+2400 <= len(middle); i += 1200 {
					if l := level(middle[i:i+2400]) - level([]float64{0.5 / math.Sqrt2}); math.Abs(l) > 1 {
						t.Fatalf("level is off by %.1f dB after %d samples", l, i)
					}
				}
			})
		}
	}
}

func TestResamplingAddsNothing(t *testing.T) {
	rates := []float64{1.2345, 0.25, 0.5, 0.8, 0.8371, 1.0001, 1.2, 1.25, 2, 4}
	if racing {
		rates = rates[:2]
	}
	for _, rate := range rates {
		for _, share := range []float64{0.005, 0.1, 0.3, 0.37} { // of the slower side's rate
			hertz := share * audio.SampleRate / max(1, rate)
			t.Run(fmt.Sprintf("%v/%.0f", rate, hertz), func(t *testing.T) {
				s := stretch.New()
				s.Set(1, 1, rate)
				left, right := run(s, tone(int(60*max(1, rate)), hertz, 0.9))
				cut := len(left) / 10
				amplitude, noise := fit(left[cut:len(left)-cut], hertz*rate)
				if noise > -90 {
					t.Errorf("distortion and noise are at %.1f dB", noise)
				}
				if db := 20 * math.Log10(amplitude/0.9); math.Abs(db) > 0.05 {
					t.Errorf("the tone changed by %.3f dB", db)
				}
				for i := range left {
					if left[i] != right[i] {
						t.Fatal("sides differ")
					}
				}
			})
		}
	}
}

// What would lie beyond half the output's rate must not fold back into what is heard.
func TestResamplingLetsNoAliasThrough(t *testing.T) {
	rates := []float64{1.2, 1.25, 1.5, 2, 3, 4}
	if racing {
		rates = rates[:2]
	}
	for _, rate := range rates {
		for _, share := range []float64{0.54, 0.6, 0.8, 0.95} {
			hertz := share * audio.SampleRate / rate
			if hertz > 0.49*audio.SampleRate {
				continue
			}
			s := stretch.New()
			s.Set(1, 1, rate)
			left, _ := run(s, tone(int(40*rate), hertz, 1))
			if l := level(left[960 : len(left)-960]); l > -88 {
				t.Errorf("rate %v: %.0f Hz comes through at %.1f dB", rate, hertz, l)
			}
		}
	}
}

// tempos are those that chords are played at.
func tempos() []float64 {
	if racing {
		return []float64{1.1}
	}
	return []float64{0.75, 0.9, 1.1, 1.25, 1.5}
}

var notes = []float64{220, 277.18, 329.63, 440}

func chord() []audio.Block {
	return signal(200, func(at float64) (l, r float64) {
		for i, f := range notes {
			v := 0.15 * sine(f, at+float64(i)*0.013)
			l, r = l+v, r+v*0.8
		}
		return l, r
	})
}

// lines is how much of x its notes hold, in dB; splices that do not fit spread it.
func lines(x []float64) float64 {
	sum := 0.0
	for _, f := range notes {
		a := power(x, f)
		sum += a * a
	}
	return 10*math.Log10(sum) - level(x)
}

// A chord has no place where it repeats exactly; splices must keep its level and add
// little beside its lines. (SoundTouch 2.3.2 keeps -1.6, -0.8, -0.9, -1.3 and -4.1 dB.)
func TestChordKeepsLevelAndLines(t *testing.T) {
	before := level(leftOf(chord()))
	for _, tempo := range tempos() {
		s := stretch.New()
		s.Set(tempo, 1, 1)
		left, _ := run(s, chord())
		middle := left[9600 : len(left)-9600]
		if db := level(middle) - before; math.Abs(db) > 0.1 {
			t.Errorf("tempo %v: level is off by %.2f dB", tempo, db)
		}
		if db := lines(middle); db < -3.5 {
			t.Errorf("tempo %v: the lines hold %.1f dB of the power", tempo, db)
		}
	}
}

func TestAgainstFFmpeg(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	in := chord()
	for _, tempo := range tempos() {
		s := stretch.New()
		s.Set(tempo, 1, 1)
		ours, _ := run(s, in)
		theirs := through(t, ffmpeg, fmt.Sprintf("atempo=%v", tempo), in)
		if d := len(ours) - len(theirs); d < -1200 || d > 1200 { // atempo is not exact
			t.Errorf("tempo %v: %d samples longer than atempo's", tempo, d)
		}
		a, b := lines(ours[9600:len(ours)-9600]), lines(theirs[9600:len(theirs)-9600])
		if a < b-1 {
			t.Errorf("tempo %v: the lines hold %.1f dB of the power, in atempo's %.1f", tempo, a, b)
		}
	}
}

// through is the left side of what an ffmpeg filter makes of in.
func through(t *testing.T, ffmpeg, filter string, in []audio.Block) (left []float64) {
	t.Helper()
	raw, err := binary.Append(nil, binary.LittleEndian, in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-",
		"-af", filter, "-f", "f32le", "-")
	cmd.Stdin = bytes.NewReader(raw)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+8 <= len(out); i += 8 {
		left = append(left, float64(math.Float32frombits(binary.LittleEndian.Uint32(out[i:]))))
	}
	return left
}

func leftOf(in []audio.Block) (left []float64) {
	for i := range in {
		left = appendLeft(left, &in[i], audio.FrameSamples)
	}
	return left
}

// All that happens to a slow sine, from neutral to anything and back, is bends of its
// frequency: no sample is far from where its neighbours point to.
func TestChangesHaveNoGapAndNoJump(t *testing.T) {
	for _, tt := range []struct{ tempo, pitch, rate float64 }{
		{1, 1, 1.25},
		{1, 1, 0.8},
		{1.25, 1, 1},
		{0.8, 1, 1},
		{1, 1.3, 1},
		{0.85, 0.8, 1.1},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			const hertz = 200.0
			in := tone(700, hertz, 0.5)
			s := stretch.New()
			var out []float64
			var b audio.Block
			neutral := 0
			for i := range in {
				switch i {
				case 7:
					if !s.Neutral() {
						t.Fatal("not neutral at first")
					}
					s.Set(tt.tempo, tt.pitch, tt.rate)
				case 200:
					s.Set(1, 1, 1)
				case 500: // once more, from what the way back left
					if !s.Neutral() {
						t.Fatal("not neutral again after 6 s")
					}
					s.Set(tt.tempo, tt.pitch, tt.rate)
				}
				was := s.Neutral()
				s.Push(&in[i])
				for s.Pull(&b) {
					out = appendLeft(out, &b, audio.FrameSamples)
				}
				if was && i > 200 {
					neutral++
					if b != in[i] || s.Delay() != 0 {
						t.Fatal("neutral, and the output is not the input")
					}
				}
			}
			for n := s.Drain(&b); n > 0; n = s.Drain(&b) {
				out = appendLeft(out, &b, n)
			}
			if neutral < 100 {
				t.Errorf("neutral for %d blocks only", neutral)
			}
			smooth(t, out[:len(out)-2400], 0.5, hertz*1.4)
		})
	}
}

func appendLeft(out []float64, b *audio.Block, n int) []float64 {
	for i := range n {
		out = append(out, float64(b[2*i]))
	}
	return out
}

// smooth fails when the second difference of x is more than a sine of this amplitude and
// frequency can have.
func smooth(t *testing.T, x []float64, amplitude, hertz float64) {
	t.Helper()
	w := 2 * math.Pi * hertz / audio.SampleRate
	for i := 2; i < len(x); i++ {
		if d := math.Abs(x[i] - 2*x[i-1] + x[i-2]); d > 1.5*amplitude*w*w {
			t.Fatalf("a jump of %.5f at sample %d (block %d), %.5f is natural", d, i, i/audio.FrameSamples, amplitude*w*w)
		}
	}
}
