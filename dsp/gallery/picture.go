package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/cmplx"

	"busker/audio"
)

// A strip is two spectrograms beside each other, the tune and what became of it: time to
// the right, frequency upwards.
const (
	columnsPerSecond = 24
	step             = audio.SampleRate / columnsPerSecond
	window           = 4096 // samples, 85 ms
	height           = 128
	lowest, highest  = 30.0, 20000.0 // Hz, bottom and top
	floor            = -96.0         // dB, the darkest
	before, after    = 8, 12         // s
	gap              = 6             // pixels between
	shades           = 48
)

// lines are drawn at these frequencies, in Hz.
var lines = []float64{100, 1000, 10000}

func strip(in, out []audio.Block) []byte {
	left, right := before*columnsPerSecond, after*columnsPerSecond
	picture := image.NewPaletted(image.Rect(0, 0, left+gap+right, height), palette())
	for i := range picture.Pix {
		picture.Pix[i] = shades + 1
	}
	draw(picture, 0, left, in)
	draw(picture, left+gap, right, out)
	var file bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&file, picture); err != nil {
		panic(err) // a buffer does not fail
	}
	return file.Bytes()
}

// draw fills columns from x on with the spectrogram of both sides together.
func draw(picture *image.Paletted, x, columns int, sound []audio.Block) {
	mono := make([]float64, columns*step+window)
	for i := range sound {
		for n := range audio.FrameSamples {
			at := window/2 + i*audio.FrameSamples + n
			if at < len(mono) {
				// Unequal shares: sides of opposite sign are seen, too.
				mono[at] = float64(sound[i][2*n]) + 0.7*float64(sound[i][2*n+1])
			}
		}
	}
	spectrum := make([]complex128, window)
	for c := range columns {
		for i := range spectrum {
			hann := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/window)
			spectrum[i] = complex(mono[c*step+i]*hann, 0)
		}
		transform(spectrum)
		for y := range height {
			picture.SetColorIndex(x+c, height-1-y, shade(spectrum, y))
		}
	}
	for _, hertz := range lines {
		y := height - 1 - int(height*math.Log(hertz/lowest)/math.Log(highest/lowest))
		for c := 0; c < columns; c += 4 {
			picture.SetColorIndex(x+c, y, shades)
		}
	}
}

// shade is the colour of a row: the loudest bin in it, full scale being 0 dB.
func shade(spectrum []complex128, y int) uint8 {
	edge := func(y int) float64 {
		return lowest * math.Pow(highest/lowest, float64(y)/height) * window / audio.SampleRate
	}
	first := int(edge(y))
	most := 0.0
	for i := first; i <= max(first, int(edge(y+1))); i++ {
		most = max(most, cmplx.Abs(spectrum[i]))
	}
	level := 20 * math.Log10(most/(1.7*window/4)+1e-9)
	return uint8(min(max((level-floor)/-floor, 0), 0.999) * shades)
}

// palette goes from night over red to light; then come the lines' colour and paper.
func palette() (list color.Palette) {
	for i := range shades {
		x := float64(i) / (shades - 1)
		list = append(list, color.RGBA{
			R: uint8(255 * math.Min(1, 1.7*x)),
			G: uint8(255 * math.Pow(x, 1.8)),
			B: uint8(255 * math.Min(1, 0.16+0.5*math.Sin(math.Pi*math.Min(1, 1.4*x))+0.7*math.Pow(x, 6))),
			A: 255,
		})
	}
	return append(list, color.RGBA{90, 90, 110, 255}, color.RGBA{255, 255, 255, 255})
}
