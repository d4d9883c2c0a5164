package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"busker/audio"
	"busker/dsp"
	"busker/dsp/loudness"
)

// figures of a piece of sound.
type figures struct {
	seconds float64
	rms     float64 // dBFS
	lufs    float64
	peak    float64 // dBTP
	side    float64 // of the difference to the sum of both sides, dB
}

func measure(sound []audio.Block) figures {
	meter := loudness.NewMeter()
	var power, middle, side float64
	for i := range sound {
		b := &sound[i]
		meter.Add(b)
		for n := 0; n < len(b); n += audio.Channels {
			l, r := float64(b[n]), float64(b[n+1])
			power += l*l + r*r
			middle += (l + r) * (l + r)
			side += (l - r) * (l - r)
		}
	}
	lufs, _ := meter.Integrated()
	return figures{
		seconds: float64(len(sound)) / float64(audio.FramesPerSecond),
		rms:     10 * math.Log10(power/float64(len(sound)*len(audio.Block{}))),
		lufs:    lufs,
		peak:    20 * math.Log10(meter.TruePeak()),
		side:    10 * math.Log10(side/middle),
	}
}

const tableHead = `
| sound | length s | RMS dBFS | loudness LUFS | true peak dBTP | sides against middle dB |
| --- | ---: | ---: | ---: | ---: | ---: |
`

func row(w *bytes.Buffer, name string, f figures) {
	side := fmt.Sprintf("%.1f", f.side)
	if f.side < -80 {
		side = "mono"
	}
	fmt.Fprintf(w, "| %s | %.2f | %.1f | %.1f | %.1f | %s |\n", name, f.seconds, f.rms, f.lufs, f.peak, side)
}

// made names the filters a preset is made of.
func made(s dsp.Settings) string { return "Made of " + strings.Join(s.Active(), ", ") }
