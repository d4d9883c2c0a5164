package compose_test

import (
	"bytes"
	"image/png"
	"math"
	"slices"
	"testing"

	"busker/cmd/busker/internal/album/compose"
)

func TestPieces(t *testing.T) {
	for _, p := range compose.Pieces() {
		t.Run(p.File, func(t *testing.T) {
			t.Parallel()
			pcm := p.Render()
			seconds := float64(len(pcm)) / 2 / compose.Rate
			if seconds < 20 || seconds > 40 {
				t.Errorf("%.1f s long, want 20 to 40", seconds)
			}
			if l := compose.LoudnessOf(pcm); math.Abs(l-compose.Loudness) > 0.7 {
				t.Errorf("%.1f LUFS, want %.1f", l, compose.Loudness)
			}
			top, difference := float32(0), 0.0
			for i := 0; i < len(pcm); i += 2 {
				top = max(top, pcm[i], -pcm[i], pcm[i+1], -pcm[i+1])
				difference += math.Abs(float64(pcm[i] - pcm[i+1]))
			}
			if top > 0.701 || math.IsNaN(difference) {
				t.Errorf("peak %v", top)
			}
			if difference/float64(len(pcm)) < 0.003 {
				t.Error("the piece is mono")
			}
			t.Logf("%.1f s, %.2f LUFS, peak %.2f", seconds, compose.LoudnessOf(pcm), top)
		})
	}
}

func TestRenderIsDeterministic(t *testing.T) {
	p := compose.Pieces()[3]
	a, b := p.Render(), p.Render()
	if !slices.Equal(a, b) {
		t.Fatal("two renderings differ")
	}
	if !bytes.Equal(compose.Cover(p.Colour, a), compose.Cover(p.Colour, b)) {
		t.Fatal("two covers differ")
	}
}

func TestCoverIsAPicture(t *testing.T) {
	raw := compose.Cover([2]uint32{0x102030, 0xf0e0d0}, make([]float32, 9600))
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil || img.Bounds().Dx() != 256 || len(raw) > 32<<10 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
}

// A full-scale 997 Hz sine on one side reads −3.01 LUFS (BS.1770-4, annex 1).
func TestLoudnessOfReferenceTone(t *testing.T) {
	pcm := make([]float32, 2*compose.Rate*3)
	for i := 0; i < len(pcm); i += 2 {
		pcm[i] = float32(math.Sin(2 * math.Pi * 997 * float64(i/2) / compose.Rate))
	}
	if l := compose.LoudnessOf(pcm); math.Abs(l+3.01) > 0.05 {
		t.Errorf("%.2f LUFS, want -3.01", l)
	}
}
