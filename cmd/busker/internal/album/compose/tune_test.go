package compose

import (
	"bytes"
	"math"
	"slices"
	"testing"
)

// The string's loop delays by a fractional period: it must still be in tune.
func TestInstrumentsAreInTune(t *testing.T) {
	for _, name := range []string{"D3", "A4", "F5", "C6"} {
		want := pitch(midi(name))
		for instrument, v := range map[string]voice{
			"pluck": pluck(midi(name), 1, 0.5, 7), "square": square(midi(name), 1, 0.5), "triangle": triangle(midi(name), 1),
		} {
			cents := 1200 * math.Log2(frequency(v, want)/want)
			if math.Abs(cents) > 6 {
				t.Errorf("%s %s is off by %.1f cents", instrument, name, cents)
			}
		}
	}
}

// frequency measures v near guess: the peak of the autocorrelation at a lag of
// about 40 periods, refined by a parabola.
func frequency(v voice, guess float64) float64 {
	const periods, window = 40, 4096
	var x []float64
	for i := range int(0.14*Rate) + window + int(periods*Rate/guess) {
		x = append(x, v(float64(i)/Rate))
	}
	correlation := func(lag int) (sum float64) {
		for i := range window {
			sum += x[i+500] * x[i+500+lag]
		}
		return sum
	}
	around := int(periods * Rate / guess)
	best := around
	for lag := around - int(Rate/guess/3); lag <= around+int(Rate/guess/3); lag++ {
		if correlation(lag) > correlation(best) {
			best = lag
		}
	}
	a, b, c := correlation(best-1), correlation(best), correlation(best+1)
	return periods * Rate / (float64(best) + 0.5*(a-c)/(a-2*b+c))
}

// jingle is a piece of two seconds with one note of every instrument.
func jingle() []float32 {
	var s stage
	for i, v := range []voice{
		pluck(60, 0.4, 0.5, 1), bell(72, 0.4), pad(55, 0.4, 2), bass(36, 0.4), stab(67, 0.4),
		square(72, 0.4, 0.25), triangle(48, 0.4), kick(), hiss(0.05, 200, 0.5, 3),
	} {
		s.play(v, 0.2*float64(i), 0.4, 0.5, float64(i)/4-1, 0.5)
	}
	return s.mix(2, 0.3)
}

func TestRenderingIsDeterministicLoudAndClean(t *testing.T) {
	a, b := jingle(), jingle()
	if !slices.Equal(a, b) || !bytes.Equal(Cover([2]uint32{1, 2}, a), Cover([2]uint32{1, 2}, b)) {
		t.Error("two renderings differ")
	}
	if l := LoudnessOf(a); math.Abs(l-Loudness) > 1 {
		t.Errorf("%.1f LUFS, want %.1f", l, Loudness)
	}
	for i, x := range a {
		if !(math.Abs(float64(x)) <= peakRoom) {
			t.Fatalf("sample %d is %v", i, x)
		}
	}
}

func TestMelody(t *testing.T) {
	got := melody("A4/1 -/.5 | Bb3/2")
	if len(got) != 2 || got[0] != (note{69, 0, 1}) || got[1] != (note{58, 1.5, 2}) {
		t.Errorf("%v", got)
	}
	if midi("C#5") != 73 || midi("F2") != 41 || midi("B3") != 59 {
		t.Error("note names")
	}
}
