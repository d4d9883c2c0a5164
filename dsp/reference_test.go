package dsp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"testing"

	"busker/audio"
	"busker/dsp"
)

// ffmpeg runs blocks through ffmpeg's filters.
func ffmpeg(t *testing.T, blocks []audio.Block, filter string) []float32 {
	t.Helper()
	return run(t, blocks, "ffmpeg", "-loglevel", "error",
		"-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-", "-af", filter,
		"-f", "f32le", "-ar", "48000", "-ac", "2", "-")
}

// run pipes blocks through a program; the test is skipped where there is none.
func run(t *testing.T, blocks []audio.Block, program string, args ...string) []float32 {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(program + " is not installed")
	}
	var in, out, complaint bytes.Buffer
	if err := binary.Write(&in, binary.LittleEndian, blocks); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, &complaint)
	}
	x := make([]float32, out.Len()/4)
	if err := binary.Read(&out, binary.LittleEndian, x); err != nil {
		t.Fatal(err)
	}
	return x
}

// The filters against another author's, where the definitions are the same.
func TestFiltersAgainstFFmpeg(t *testing.T) {
	tests := []struct {
		name   string
		f      dsp.Filter
		filter string
		least  float64
	}{
		{"width", dsp.NewWidth(0.5), "extrastereo=m=1.5:c=0", 1e-6},
		{"mono", dsp.NewWidth(-1), "pan=stereo|c0=0.5*c0+0.5*c1|c1=0.5*c0+0.5*c1", 1e-6},
		{
			"channelMix", dsp.NewChannelMix(dsp.ChannelMix{On: true, LeftToLeft: 0.6, LeftToRight: 0.1, RightToLeft: 0.3, RightToRight: 0.8}),
			"pan=stereo|c0=0.6*c0+0.3*c1|c1=0.1*c0+0.8*c1", 1e-6,
		},
		{
			"distortion", dsp.NewDistortion(dsp.Distortion{On: true, SinOffset: 0.1, SinScale: 2, CosOffset: 0.2, CosScale: 1, TanOffset: 0.5, TanScale: 1, Offset: -0.1, Scale: 2}),
			"aeval=clip(-0.1+2*(0.1+sin(2*val(ch)))*(0.2+cos(val(ch)))*(0.5+tan(val(ch)))\\,-1\\,1):c=same", 3e-6,
		},
		{
			"rotation", dsp.NewRotation(dsp.Oscillation{Frequency: 2, Depth: 1}),
			"aeval=val(0)*(1+sin(2*PI*2*(n+1)/s))/2|val(1)*(1-sin(2*PI*2*(n+1)/s))/2", 1e-6,
		},
		{
			"tremolo", dsp.NewTremolo(dsp.Oscillation{Frequency: 5, Depth: 0.8}),
			"aeval=val(ch)*(0.6+0.4*sin(2*PI*5*n/s)):c=same", 1e-6,
		},
		{"lowPass", dsp.NewLowPass(8), "biquad=b0=0.125:b1=0:b2=0:a0=1:a1=-0.875:a2=0:r=f64", 1e-6},
	}
	for band, hertz := range map[int]float64{0: 25, 3: 100, 8: 1000, 14: 16000} {
		var g [dsp.Bands]float64
		g[band] = 0.5
		tests = append(tests, struct {
			name   string
			f      dsp.Filter
			filter string
			least  float64
		}{fmt.Sprint("equalizer ", hertz), dsp.NewEqualizer(g), biquad(hertz, 0.5), 3e-5})
	}
	in := blend()
	in[0][0], in[0][1] = 0, 0 // where our low-pass begins, and theirs
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := ffmpeg(t, in, tt.filter)
			if len(want) < len(in)*len(in[0]) {
				t.Fatalf("ffmpeg made %d floats", len(want))
			}
			if worst := difference(tt.f, in, want); worst > tt.least {
				t.Errorf("differs by %g", worst)
			}
		})
	}
}

// difference is the greatest between what f makes of in and what somebody else does.
func difference(f dsp.Filter, in []audio.Block, want []float32) (worst float64) {
	for _, b := range in {
		f.Process(&b)
		for i, v := range b {
			worst = max(worst, math.Abs(float64(v-want[i])))
		}
		want = want[len(b):]
	}
	return worst
}

// ffmpeg's shelf is another one than the cookbook's: its slope of 1 overshoots.
func TestBassBoostAgainstSox(t *testing.T) {
	in := blend()
	for i := range in {
		for k := range in[i] {
			in[i][k] *= 0.25 // sox clips
		}
	}
	want := run(t, in, "sox", "-t", "f32", "-r", "48000", "-c", "2", "-", "-t", "f32", "-", "bass", "+12", "110", "1s", "gain", "-6")
	if len(want) < len(in)*len(in[0]) {
		t.Fatalf("sox made %d floats", len(want))
	}
	if worst := difference(dsp.NewBassBoost(12), in, want); worst > 1e-5 {
		t.Errorf("differs by %g", worst)
	}
}

// biquad is x + 4*gain*bandpass in one fraction.
func biquad(hertz, gain float64) string {
	theta0 := 2 * math.Pi * hertz / 48000
	theta1 := theta0 / math.Cbrt(2)
	k := (math.Cos(theta1) - math.Cos(theta0)) / math.Sin(theta0)
	beta := (1 - k) / (1 + k)
	alpha, gamma := (1-beta)/2, (1+beta)*math.Cos(theta0)
	return fmt.Sprintf("biquad=b0=%.17g:b1=%.17g:b2=%.17g:a0=1:a1=%.17g:a2=%.17g:r=f64",
		1+4*gain*alpha, -gamma, beta-4*gain*alpha, -gamma, beta)
}
