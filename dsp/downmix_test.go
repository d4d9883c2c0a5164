package dsp_test

import (
	"math"
	"testing"

	"busker/dsp"
)

// Each channel alone at full scale, as heard left and right before scaling:
// c is 3 dB down on both sides, s on its own, b 6 dB down on both.
func TestDownmix(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layout dsp.Layout
		order  string // l r c, S and s for back or side left and right, b back centre, 0 LFE
	}{
		{"mono", dsp.WAVE, "m"},
		{"mono", dsp.Vorbis, "m"},
		{"mono", dsp.AAC, "m"},
		{"stereo", dsp.WAVE, "lr"},
		{"stereo", dsp.Vorbis, "lr"},
		{"stereo", dsp.AAC, "lr"},
		{"wave 3.0", dsp.WAVE, "lrc"},
		{"vorbis 3.0", dsp.Vorbis, "lcr"},
		{"aac 3.0", dsp.AAC, "clr"},
		{"wave quad", dsp.WAVE, "lrSs"},
		{"vorbis quad", dsp.Vorbis, "lrSs"},
		{"aac 4.0", dsp.AAC, "clrb"},
		{"wave 5.0", dsp.WAVE, "lrcSs"},
		{"vorbis 5.0", dsp.Vorbis, "lcrSs"},
		{"aac 5.0", dsp.AAC, "clrSs"},
		{"wave 5.1", dsp.WAVE, "lrc0Ss"},
		{"vorbis 5.1", dsp.Vorbis, "lcrSs0"},
		{"aac 5.1", dsp.AAC, "clrSs0"},
		{"wave 6.1", dsp.WAVE, "lrc0bSs"},
		{"vorbis 6.1", dsp.Vorbis, "lcrSsb0"},
		{"aac 6.1", dsp.AAC, "clrSsb0"},
		{"wave 7.1", dsp.WAVE, "lrc0SsSs"},
		{"vorbis 7.1", dsp.Vorbis, "lcrSsSs0"},
		{"aac 7.1", dsp.AAC, "clrSsSs0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			half := math.Sqrt(0.5)
			parts := map[rune][2]float64{
				'm': {1, 1}, 'l': {1, 0}, 'r': {0, 1}, 'c': {half, half},
				'S': {half, 0}, 's': {0, half}, 'b': {0.5, 0.5}, '0': {0, 0},
			}
			sum := 0.0
			for _, c := range tt.order {
				sum += parts[c][0]
			}
			channels := len(tt.order)
			src := make([]float32, channels*channels) // frame i: channel i alone
			for i := range channels {
				src[i*channels+i] = 1
			}
			dst := make([]float32, 2*channels)
			if n := dsp.Downmix(dst, src, channels, tt.layout); n != len(dst) {
				t.Fatalf("%d floats", n)
			}
			for i, c := range tt.order {
				for side := range 2 {
					if want := parts[c][side] / sum; math.Abs(float64(dst[2*i+side])-want) > 1e-6 {
						t.Errorf("channel %d (%c) side %d: %v, want %v", i, c, side, dst[2*i+side], want)
					}
				}
			}
		})
	}
}

func TestDownmixCanNotClip(t *testing.T) {
	for _, layout := range []dsp.Layout{dsp.WAVE, dsp.Vorbis, dsp.AAC} {
		for channels := 1; channels <= dsp.MaxChannels; channels++ {
			src, dst := make([]float32, channels), make([]float32, 2)
			for i := range src {
				src[i] = -1
			}
			dsp.Downmix(dst, src, channels, layout)
			for _, v := range dst {
				if v < -1.000001 || v > -0.9 {
					t.Errorf("layout %d, %d channels: full scale becomes %v", layout, channels, v)
				}
			}
		}
	}
}

func TestDownmixInPlace(t *testing.T) {
	src := make([]float32, 6*100)
	for i := range src {
		src[i] = float32(i%17) / 17
	}
	want := make([]float32, 200)
	dsp.Downmix(want, src, 6, dsp.WAVE)
	n := dsp.Downmix(src, src, 6, dsp.WAVE)
	if !equal(src[:n], want) {
		t.Error("differs")
	}
}

func TestDownmixAllocatesNothing(t *testing.T) {
	src, dst := make([]float32, 6*960), make([]float32, 2*960)
	if n := testing.AllocsPerRun(20, func() { dsp.Downmix(dst, src, 6, dsp.AAC) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
