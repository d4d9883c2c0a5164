package dsp_test

import (
	"fmt"
	"testing"

	"busker/audio"
	"busker/dsp"
)

// One op is 20 ms of stereo output.
func BenchmarkResampler(b *testing.B) {
	for _, rate := range []int{8000, 22050, 44100, 44101, 96000, 192000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			r, err := dsp.NewResampler(rate, audio.Channels)
			if err != nil {
				b.Fatal(err)
			}
			src := make([]float32, rate/audio.FramesPerSecond*audio.Channels)
			var dst audio.Block
			b.ReportAllocs()
			for b.Loop() {
				r.Process(dst[:], src)
			}
		})
	}
}

func BenchmarkNewResampler(b *testing.B) {
	for b.Loop() {
		_, _ = dsp.NewResampler(44101, audio.Channels)
	}
}
