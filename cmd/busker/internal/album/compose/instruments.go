package compose

import "math"

// pluck is a string after Karplus and Strong: a burst of noise runs round a delay
// line one period long, a little duller and quieter each time. bright is 0…1.
func pluck(note, length, bright float64, seed noise) voice {
	freq := pitch(note)
	period := Rate/freq - 0.5 // the averaging below delays by half a sample
	n := int(period)
	frac := period - float64(n)
	line := make([]float64, n+1)
	var low float64
	for i := range line {
		low += (0.15 + 0.85*bright) * (seed.next() - low)
		line[i] = low
	}
	keep := math.Pow(0.001, 1/(freq*(1.2+260/freq))) // −60 dB after 1.2 s and more for low strings
	at, last := 0, 0.0
	return func(t float64) float64 {
		next := (at + 1) % len(line)
		x := line[at]*frac + line[next]*(1-frac)
		line[at] = keep * 0.5 * (x + last)
		last, at = x, next
		return x * envelope(t, length, 0.0005, 1, 1, 0.06)
	}
}

// bell is a sine with an inharmonic partner that dies first.
func bell(note, length float64) voice {
	w := 2 * math.Pi * pitch(note)
	return func(t float64) float64 {
		x := math.Sin(w*t)*math.Exp(-t/1.4) + 0.35*math.Sin(2.76*w*t)*math.Exp(-t/0.35) + 0.12*math.Sin(5.4*w*t)*math.Exp(-t/0.12)
		return x * envelope(t, length, 0.003, 1, 1, 0.3)
	}
}

// pad is a choir of detuned saws behind a slowly opening low-pass.
func pad(note, length float64, seed noise) voice {
	freq := pitch(note)
	var phase, step [5]float64
	for i := range phase {
		phase[i] = (seed.next() + 1) / 2
		step[i] = freq * (1 + 0.0022*float64(i-2)) / Rate
	}
	var filter lowpass
	return func(t float64) float64 {
		x := 0.0
		for i := range phase {
			x += saw(phase[i], step[i])
			phase[i] = wrap(phase[i] + step[i])
		}
		cutoff := 500 + 900*math.Sin(math.Pi*min(1, t/length))
		return filter.next(x/5, cutoff, 0.3) * envelope(t, length, length*0.35, 1, 1, length*0.4)
	}
}

// bass is a saw with an octave below, its low-pass snapping shut after the attack.
func bass(note, length float64) voice {
	step := pitch(note) / Rate
	phase, sub := 0.0, 0.0
	var filter lowpass
	return func(t float64) float64 {
		x := 0.6*saw(phase, step) + 0.6*math.Sin(2*math.Pi*sub)
		phase, sub = wrap(phase+step), wrap(sub+step)
		return filter.next(x, 180+1500*math.Exp(-t/0.09), 0.5) * envelope(t, length, 0.004, 0.25, 0.6, 0.03)
	}
}

// stab is a short chord tone: two saws through a low-pass.
func stab(note, length float64) voice {
	a, b := pitch(note)/Rate, pitch(note+0.09)/Rate
	p, q := 0.0, 0.37
	var filter lowpass
	return func(t float64) float64 {
		x := 0.5 * (saw(p, a) + saw(q, b))
		p, q = wrap(p+a), wrap(q+b)
		return filter.next(x, 700+2600*math.Exp(-t/0.12), 0.4) * envelope(t, length, 0.003, 0.18, 0.25, 0.05)
	}
}

// square is a pulse wave of the given duty with a little late vibrato.
func square(note, length, duty float64) voice {
	phase := 0.0
	return func(t float64) float64 {
		vibrato := 0.12 * math.Sin(2*math.Pi*5.6*t) * min(1, max(0, t-0.15)*4)
		step := pitch(note+vibrato) / Rate
		x := saw(phase, step) - saw(wrap(phase+duty), step)
		phase = wrap(phase + step)
		return x * 0.5 * envelope(t, length, 0.002, 0.3, 0.55, 0.02)
	}
}

// triangle is the rounder wave of old consoles' bass channel.
func triangle(note, length float64) voice {
	step, phase := pitch(note)/Rate, 0.0
	return func(t float64) float64 {
		x := 4*math.Abs(phase-0.5) - 1
		phase = wrap(phase + step)
		return x * envelope(t, length, 0.002, 1, 1, 0.015)
	}
}

// kick is a sine falling from a click to the floor.
func kick() voice {
	return func(t float64) float64 {
		return math.Sin(2*math.Pi*(48*t+9*(1-math.Exp(-t/0.035)))) * math.Exp(-t/0.16)
	}
}

// hiss is high-passed noise with the given decay: hats, claps, snares.
func hiss(decay, bodyFreq, body float64, seed noise) voice {
	last := 0.0
	return func(t float64) float64 {
		n := seed.next()
		high := n - last
		last = n
		return (high*0.5*(1-body) + body*(0.6*n+math.Sin(2*math.Pi*bodyFreq*t))) * math.Exp(-t/decay)
	}
}

// saw is a sawtooth at phase 0…1 with its step smoothed over one sample either
// side (PolyBLEP), so that high notes do not alias.
func saw(phase, step float64) float64 {
	x := 2*phase - 1
	switch {
	case phase < step:
		p := phase / step
		x -= 2*p - p*p - 1
	case phase > 1-step:
		p := (phase - 1) / step
		x -= p*p + 2*p + 1
	}
	return x
}

func wrap(phase float64) float64 { return phase - math.Floor(phase) }

// lowpass is a two-pole state-variable filter; resonance is 0…1.
type lowpass struct{ low, band float64 }

func (f *lowpass) next(x, cutoff, resonance float64) float64 {
	g := math.Tan(math.Pi * min(cutoff, 0.4*Rate) / Rate)
	k := 2 - 1.8*resonance
	v := (x - f.low - (g+k)*f.band) / (1 + g*(g+k))
	band := g*v + f.band
	low := g*band + f.low
	f.band, f.low = g*v+band, g*band+low
	return low
}
