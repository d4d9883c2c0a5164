// Package truepeak finds how high the waveform of stereo PCM rises, also between the
// samples, as ITU-R BS.1770-4 Annex 2 asks for it.
//
// It knows interleaved floats only and keeps no state: who calls it keeps the history.
package truepeak

import (
	"math"
	"slices"

	"busker/audio"
)

const (
	// Slot is how many frames one peak is given for.
	Slot = 8
	// Lead is how many frames more than it gives peaks for Scan needs: half of them
	// before, half after.
	Lead = taps
	// taps is the length of the interpolating filter.
	taps = 16
	// most bounds how many slots are judged by their bends.
	most = audio.FrameSamples / Slot
	// overshoot is by how many times the largest second difference around it a point
	// between two samples can lie above the line between them: the sum of the
	// magnitudes of what summing the filter up twice leaves.
	overshoot = 0.385
	// quiet is what the highest sample around must at least be, as a part of the floor,
	// for a point to reach the floor: a second difference is four times that at most.
	quiet = 1 / (1 + 4*overshoot)
)

// points is how many there are from the sample before a slot to the one behind it, a
// quarter of a sample apart.
const points = 4*(Slot+1) + 1

// filters are the interpolating filters, true within 0.05 dB up to 20 kHz, folded in the
// middle: half is that for half a sample, and even ± odd are those for a quarter and for
// three quarters, which mirror each other.
var filters = func() (f struct{ half, even, odd [taps / 2]float32 }) {
	half, quarter := filter(0.5), filter(0.25)
	for i := range f.half {
		f.half[i] = float32(half[i])
		f.even[i] = float32((quarter[i] + quarter[taps-1-i]) / 2)
		f.odd[i] = float32((quarter[i] - quarter[taps-1-i]) / 2)
	}
	return f
}()

// filter designs the filter for a point that lies at a fraction of a sample.
func filter(fraction float64) (row [taps]float64) {
	const beta = 4.5 // of Kaiser's window, for 50 dB
	sum := 0.0
	for i := range row {
		t := float64(i) - (taps/2 - 1) - fraction
		x := t / (taps / 2)
		row[i] = math.Sin(math.Pi*t) / (math.Pi * t) * bessel(beta*math.Sqrt(1-x*x))
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
	return row
}

// bessel is the modified Bessel function of the first kind, order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for i := 1.0; term > sum*1e-12; i++ {
		term *= x / (2 * i) * x / (2 * i)
		sum += term
	}
	return sum
}

// Samples sets every peak to the largest magnitude of a sample, of either side, in its
// slot of x. What is no number counts as more than any number.
func Samples(peaks, x []float32) {
	for s := range peaks {
		slot := x[s*Slot*audio.Channels:][:Slot*audio.Channels]
		var a, b uint32 // the bits of magnitudes have the order of the magnitudes
		for i := 0; i+1 < len(slot); i += 2 {
			a = max(a, bits(slot[i]))
			b = max(b, bits(slot[i+1]))
		}
		peaks[s] = math.Float32frombits(max(a, b))
	}
}

// Scan sets every peak to the largest magnitude of the waveform, of either side, in its
// slot: slot s are the frames from Lead/2 + s·Slot on in x, which has Lead frames more
// than there are in all slots; a block's slots are the most. Peaks that do not exceed
// floor may be too low: Scan looks between samples only where so much is possible.
func Scan(peaks, x []float32, floor float32) {
	var samples, bends [most + 2]float32 // with the slots before and behind
	all := len(peaks) + 2
	Samples(samples[:all], x)
	copy(peaks, samples[1:])
	if slices.Max(samples[:all]) < floor*quiet {
		return
	}
	known := 0 // bends
	for s := range peaks {
		near := max(samples[s], samples[s+1], samples[s+2])
		if near < floor*quiet {
			continue
		}
		for known = max(known, s); known < s+3; known++ {
			bends[known] = bend(x, known)
		}
		reach := overshoot * max(bends[s], bends[s+1], bends[s+2])
		if near+reach < floor {
			continue
		}
		at := (s + 1) * Slot * audio.Channels
		peaks[s] = max(peaks[s], between(x, at, floor-reach), between(x, at+1, floor-reach))
	}
}

// bend returns the largest second difference in a slot of x.
func bend(x []float32, slot int) float32 {
	from := max(slot*Slot*audio.Channels, audio.Channels)
	to := min((slot+1)*Slot*audio.Channels, len(x)-audio.Channels)
	var largest uint32
	before, here, after := x[from-2:to-2], x[from:to], x[from+2:to+2]
	for i := range here {
		if i < len(before) && i < len(after) {
			largest = max(largest, bits(before[i]-2*here[i]+after[i]))
		}
	}
	return math.Float32frombits(largest)
}

// between returns the highest point of one side in the slot that begins at x[at], where
// one of the samples beside it reaches least.
func between(x []float32, at int, least float32) (highest float32) {
	var y [points]float32
	known := false
	i := at - audio.Channels
	for k := 0; k < points-1; k += 4 {
		a, b := magnitude(x[i]), magnitude(x[i+2])
		y[k], y[k+4] = a, b
		if max(a, b) >= least {
			y[k+1], y[k+2], y[k+3] = interpolate(x, i)
			known = true
		}
		i += audio.Channels
	}
	if !known {
		return 0
	}
	for k := 1; k < points-1; k++ {
		if a, b, c := y[k-1], y[k], y[k+1]; b >= a && b >= c {
			highest = max(highest, summit(a, b, c))
		}
	}
	return max(highest, y[0], y[points-1])
}

// summit returns the highest point of the parabola through three points a quarter of a
// sample apart; b is the highest of them. A zero is a point not looked at.
func summit(a, b, c float32) float32 {
	bend := 2*b - a - c
	if a == 0 || c == 0 || bend <= 0 {
		return b
	}
	return b + (a-c)*(a-c)/(8*bend)
}

// interpolate returns the magnitudes of three points between x[i] and the next sample of
// its side.
func interpolate(x []float32, i int) (a, b, c float32) {
	window := (*[2*taps - 1]float32)(x[i-(taps/2-1)*audio.Channels:])
	var even, odd float32
	for k := range taps / 2 {
		v, w := window[2*k], window[2*(taps-1)-2*k]
		b += filters.half[k] * (v + w)
		even += filters.even[k] * (v + w)
		odd += filters.odd[k] * (v - w)
	}
	return magnitude(even + odd), magnitude(b), magnitude(even - odd)
}

func magnitude(v float32) float32 { return math.Float32frombits(bits(v)) }

func bits(v float32) uint32 { return math.Float32bits(v) &^ (1 << 31) }
