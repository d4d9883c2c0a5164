// Package compose synthesises the sample album: four short pieces written as
// code, played by a handful of software instruments and mixed to stereo.
//
// It knows sound and nothing of files or codecs. Everything is deterministic:
// noise comes from a seeded generator. Amplitudes are full scale ±1, times are
// seconds, pitches are MIDI numbers (69 = A4 = 440 Hz).
package compose

import "math"

// Rate is the sample rate of all pieces, in hertz.
const Rate = 48000

// stage is where instruments play: stereo, growing as they do, with a send to
// one reverb.
type stage struct {
	left, right []float64
	send        []float64 // mono input of the reverb
}

// voice is one note: its amplitude t seconds after it began.
type voice func(t float64) float64

// play adds v at time at for length seconds. pan runs from −1 (left) to +1
// (right) at constant power; wet is the share sent to the reverb.
func (s *stage) play(v voice, at, length, gain, pan, wet float64) {
	from, n := int(at*Rate), int(length*Rate)
	s.grow(from + n)
	angle := (pan + 1) * math.Pi / 4
	l, r := gain*math.Cos(angle), gain*math.Sin(angle)
	for i := range n {
		x := v(float64(i) / Rate)
		s.left[from+i] += l * x
		s.right[from+i] += r * x
		s.send[from+i] += wet * gain * x
	}
}

func (s *stage) grow(n int) {
	if missing := n - len(s.left); missing > 0 {
		s.left = append(s.left, make([]float64, missing)...)
		s.right = append(s.right, make([]float64, missing)...)
		s.send = append(s.send, make([]float64, missing)...)
	}
}

// pitch returns the frequency of a MIDI note.
func pitch(note float64) float64 { return 440 * math.Pow(2, (note-69)/12) }

// noise is a small seeded generator (xorshift64*), so that the album is the same
// on every run.
type noise uint64

func (n *noise) next() float64 {
	x := uint64(*n)
	x ^= x >> 12
	x ^= x << 25
	x ^= x >> 27
	*n = noise(x)
	return float64(int64(x*2685821657736338717)) / math.MaxInt64
}

// envelope rises for attack seconds, falls exponentially towards sustain with
// time constant decay, and is let go at length − release.
func envelope(t, length, attack, decay, sustain, release float64) float64 {
	a := t / attack
	if t >= attack {
		a = sustain + (1-sustain)*math.Exp(-(t-attack)/decay)
	}
	if left := length - t; left < release {
		a *= max(0, left/release)
	}
	return a
}
