package room_test

import (
	"math"
	"testing"

	"busker/audio"
	"busker/dsp/room"
)

// impulse is one sample of 1 on the left, at 500, and then silence.
func impulse(n int) []audio.Block {
	return blocks(n, func(i int) (left, right float64) {
		if i == 500 {
			return 1, 0
		}
		return 0, 0
	})
}

func TestEchoesComeInTime(t *testing.T) {
	for _, tt := range []struct {
		name     string
		set      room.Echoing
		sides    [3]int // of the first echoes
		strength float64
	}{
		{"on its side", room.Echoing{Delay: 0.1, Decay: 0.5, Mix: 0.8}, [3]int{0, 0, 0}, 0.8},
		{"changing sides", room.Echoing{Delay: 0.0333, Decay: 0.5, Mix: 0.8, PingPong: true}, [3]int{0, 1, 0}, 0.4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := added(room.NewEcho(tt.set), impulse(40))
			delay := int(math.Round(tt.set.Delay * audio.SampleRate))
			want := make([]audio.Block, 40)
			for k := range 3 {
				at := 500 + (k+1)*delay
				want[at/audio.FrameSamples][2*(at%audio.FrameSamples)+tt.sides[k]] = float32(tt.strength * math.Pow(tt.set.Decay, float64(k)))
			}
			for i := range (500 + 4*delay) / audio.FrameSamples {
				for k := range want[i] {
					if math.Abs(float64(got[i][k]-want[i][k])) > 1e-6 {
						t.Fatalf("%v at %d of block %d, not %v", got[i][k], k, i, want[i][k])
					}
				}
			}
		})
	}
}

func TestReverbDecays(t *testing.T) {
	for _, tt := range []struct {
		size       float64
		low, high  float64 // seconds to fall by 60 dB
		begin, end int     // frames between which the fall is measured
	}{
		{0, 0.4, 1, 5, 25},
		{0.5, 0.9, 1.8, 5, 45},
		{1, 9, 13, 5, 105},
	} {
		e := room.NewReverb(room.Reverberation{Mix: 1, Size: tt.size, Width: 1})
		got := added(e, impulse(200))
		fall := level(got[tt.begin:tt.begin+5]) - level(got[tt.end-5:tt.end])
		seconds := float64(tt.end-5-tt.begin) / 50 * 60 / fall
		if seconds < tt.low || seconds > tt.high {
			t.Errorf("size %v: %.2f s for 60 dB", tt.size, seconds)
		}
	}
}

func TestReverbIsAboutAsLoudAsTheSound(t *testing.T) {
	e := room.NewReverb(room.Reverberation{Mix: 1, Size: 0.7, Damping: 0.4, Width: 1})
	in := noise(150, 0.1)
	if d := level(added(e, in)[100:]) - level(in[100:]); math.Abs(d) > 9 {
		t.Errorf("the room is %.1f dB louder than the sound", d)
	}
}

func TestWidthOfTheReverb(t *testing.T) {
	for _, width := range []float64{0, 1} {
		e := room.NewReverb(room.Reverberation{Mix: 1, Size: 0.5, Width: width})
		apart := 0.0
		for _, b := range added(e, impulse(50))[1:] {
			for i := 0; i < len(b); i += 2 {
				apart = max(apart, math.Abs(float64(b[i]-b[i+1])))
			}
		}
		if narrow := apart < 1e-7; narrow != (width == 0) {
			t.Errorf("width %v: sides are up to %v apart", width, apart)
		}
	}
}

func TestPreDelay(t *testing.T) {
	first := func(pre float64) int {
		e := room.NewReverb(room.Reverberation{Mix: 1, Size: 0.5, Width: 1, PreDelay: pre})
		for i, b := range added(e, impulse(50)) {
			for k, v := range b {
				if (i > 0 || k > 1200) && v != 0 {
					return i*audio.FrameSamples + k/2
				}
			}
		}
		return -1
	}
	if d := first(50) - first(0); d != 2400 {
		t.Errorf("50 ms are %d samples", d)
	}
}
