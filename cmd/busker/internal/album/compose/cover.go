package compose

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// coverSize is the edge of a cover in pixels: sharp on a card, a few kilobytes.
const coverSize = 256

// Cover draws a piece's picture: its own waveform as a ring on coloured paper.
// It returns a PNG.
func Cover(colour [2]uint32, pcm []float32) []byte {
	paper, ink := rgb(colour[0]), rgb(colour[1])
	levels := ringLevels(pcm, 96)
	img := image.NewPaletted(image.Rect(0, 0, coverSize, coverSize), shades(paper, ink, 16))
	for y := range coverSize {
		for x := range coverSize {
			img.SetColorIndex(x, y, uint8(math.Round(15*coverage(float64(x), float64(y), levels))))
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img); err != nil {
		panic(err) // a bytes.Buffer never fails
	}
	return out.Bytes()
}

// coverage returns how much of a pixel is ink: rounded bars round a disc.
func coverage(x, y float64, levels []float64) float64 {
	const centre, inner, reach = coverSize / 2, 46, 66
	dx, dy := x-centre+0.5, y-centre+0.5
	r := math.Hypot(dx, dy)
	if r < inner-8 {
		return clamp(inner - 8 - r)
	}
	turn := math.Atan2(dx, -dy)/(2*math.Pi) + 1
	at := turn * float64(len(levels))
	off := math.Abs(at-math.Floor(at)-0.5) * 2 * math.Pi * r / float64(len(levels)) // pixels from the bar's middle
	end := inner + reach*levels[int(at)%len(levels)]
	return clamp(r-inner) * clamp(end-r) * clamp(1.9-off)
}

func clamp(x float64) float64 { return max(0, min(1, x)) }

// ringLevels returns the loudness of n equal parts, the loudest being 1.
func ringLevels(pcm []float32, n int) []float64 {
	levels, top := make([]float64, n), 1e-9
	for i := range levels {
		part := pcm[i*len(pcm)/n : (i+1)*len(pcm)/n]
		for _, x := range part {
			levels[i] += float64(x) * float64(x)
		}
		levels[i] = math.Sqrt(levels[i] / float64(max(1, len(part))))
		top = max(top, levels[i])
	}
	for i := range levels {
		levels[i] = 0.12 + 0.88*levels[i]/top
	}
	return levels
}

func rgb(c uint32) color.RGBA {
	return color.RGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 255}
}

func shades(a, b color.RGBA, n int) color.Palette {
	p := make(color.Palette, n)
	mix := func(x, y uint8, i int) uint8 { return uint8((int(x)*(n-1-i) + int(y)*i) / (n - 1)) }
	for i := range p {
		p[i] = color.RGBA{mix(a.R, b.R, i), mix(a.G, b.G, i), mix(a.B, b.B, i), 255}
	}
	return p
}
