package compose_test

import (
	"bytes"
	"image/png"
	"math"
	"testing"

	"busker/cmd/busker/internal/album/compose"
)

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
