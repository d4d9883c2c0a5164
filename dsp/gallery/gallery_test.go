package main

import (
	"bytes"
	"image/png"
	"math"
	"math/cmplx"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busker/audio"
	"busker/dsp"
)

func TestTransformFindsATone(t *testing.T) {
	x := make([]complex128, 64)
	for i := range x {
		x[i] = complex(math.Cos(2*math.Pi*5*float64(i)/64), 0)
	}
	transform(x)
	for i, v := range x {
		want := 0.0
		if i == 5 || i == 59 {
			want = 32
		}
		if math.Abs(cmplx.Abs(v)-want) > 1e-9 {
			t.Errorf("bin %d: %v", i, v)
		}
	}
}

func TestFiguresOfATone(t *testing.T) {
	sound := make([]audio.Block, 100)
	for i := range sound {
		for n := range audio.FrameSamples {
			v := float32(0.5 * math.Sin(2*math.Pi*1000*float64(i*audio.FrameSamples+n)/audio.SampleRate))
			sound[i][2*n], sound[i][2*n+1] = v, v
		}
	}
	f := measure(sound)
	if f.seconds != 2 || math.Abs(f.rms+9.03) > 0.01 || math.Abs(f.peak+6.02) > 0.05 || math.Abs(f.lufs+6.02) > 0.1 || f.side > -100 {
		t.Errorf("%+v", f)
	}
}

// Every preset has its picture in the document, small enough to look at in passing.
func TestDocumentShowsEveryPreset(t *testing.T) {
	text, err := os.ReadFile("../../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range dsp.Presets() {
		if !strings.Contains(string(text), "(filters/"+p.Name+".png)") || !strings.Contains(string(text), p.About) {
			t.Errorf("%s is missing or out of date: go run ./dsp/gallery", p.Name)
		}
		file, err := os.ReadFile(filepath.Join("../../docs/filters", p.Name+".png"))
		if err != nil {
			t.Error(err)
			continue
		}
		if picture, err := png.Decode(bytes.NewReader(file)); err != nil || picture.Bounds().Dy() != height || len(file) > 60<<10 {
			t.Errorf("%s: %d bytes, %v", p.Name, len(file), err)
		}
	}
}

// Every filter that exists is in the document.
func TestDocumentNamesEveryFilter(t *testing.T) {
	text, err := os.ReadFile("../../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"volume", "equalizer", "karaoke", "timescale", "tremolo", "vibrato", "distortion", "rotation",
		"channelMix", "lowPass", "bassBoost", "width", "compression", "echo", "reverb",
	} {
		if !strings.Contains(string(text), "| `"+name+"` |") {
			t.Errorf("%s is missing", name)
		}
	}
}
