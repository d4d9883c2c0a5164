package dsp_test

import (
	"math"
	"testing"

	"busker/audio"
	"busker/dsp"
)

func ones() (b audio.Block) {
	for i := range b {
		b[i] = 1
	}
	return b
}

func TestGainOfOneChangesNothing(t *testing.T) {
	g := dsp.NewGain(1)
	b := ones()
	b[7] = 0.123
	want := b
	g.Process(&b)
	if b != want || !g.Unity() {
		t.Error("something changed")
	}
}

func TestGainGlides(t *testing.T) {
	for _, tt := range []struct{ from, to float32 }{{1, 0}, {0, 1}, {1, 2}, {0.5, 0.25}, {1, 1}} {
		g := dsp.NewGain(tt.from)
		steady := ones()
		g.Process(&steady)
		g.Set(tt.to)
		glide := ones()
		g.Process(&glide)
		after := ones()
		g.Process(&after)

		most := math.Abs(float64(tt.to-tt.from))/float64(audio.FrameSamples) + 1e-6
		last := tt.from
		for i := range audio.FrameSamples {
			if glide[2*i] != glide[2*i+1] {
				t.Fatalf("%v: left %v, right %v", tt, glide[2*i], glide[2*i+1])
			}
			if math.Abs(float64(glide[2*i]-last)) > most {
				t.Fatalf("%v: from %v to %v in one sample", tt, last, glide[2*i])
			}
			last = glide[2*i]
		}
		if steady[0] != tt.from || after[0] != tt.to || math.Abs(float64(last-tt.to)) > 1e-6 {
			t.Errorf("%v: %v, glide to %v, %v", tt, steady[0], last, after[0])
		}
		if g.Factor() != tt.to || g.Unity() != (tt.to == 1) {
			t.Errorf("%v: factor %v, unity %v", tt, g.Factor(), g.Unity())
		}
	}
}

func TestZeroGainIsSilence(t *testing.T) {
	var g dsp.Gain
	b := ones()
	g.Process(&b)
	if b != (audio.Block{}) {
		t.Error("heard something")
	}
}

func TestGainAllocatesNothing(t *testing.T) {
	g, b := dsp.NewGain(1), ones()
	to := float32(0)
	if n := testing.AllocsPerRun(20, func() { to = 1 - to; g.Set(to); g.Process(&b) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
