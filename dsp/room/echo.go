package room

import (
	"math"

	"busker/audio"
)

const (
	// minEcho and maxEcho bound the time between two echoes, in seconds: from a frame on,
	// so that a block never answers to itself.
	minEcho, maxEcho = 0.02, 2
	// maxDecay keeps echoes from going on for ever.
	maxDecay = 0.95
	// echoFallen is by how many decibels the last echo heard is softer.
	echoFallen = 60
)

// Echoing describes an Echo; the zero value is off.
type Echoing struct {
	Delay    float64 `json:"delay" yaml:"delay"`       // s
	Decay    float64 `json:"decay" yaml:"decay"`       // 0..1, from one echo to the next
	Mix      float64 `json:"mix" yaml:"mix"`           // 0..1
	PingPong bool    `json:"pingPong" yaml:"pingPong"` // echoes change sides
}

// Echo repeats the sound, softer every time. One goroutine uses it at a time.
type Echo struct {
	lines    [2]line // empty until it is first on
	delay    int     // samples
	old      int     // the delay that is faded from, or -1
	mix      ramp
	decay    ramp
	pingPong ramp // 0 each side for itself, 1 from left to right and back
	left     int  // frames until the last echo
}

// NewEcho returns an Echo as described.
func NewEcho(e Echoing) *Echo {
	v := &Echo{old: -1}
	v.Set(e)
	v.Reset()
	return v
}

// Set glides to other settings within 20 ms; a new delay fades in. Delay is held in
// 0.02..2 s, Decay in 0..0.95, Mix in 0..1; without a positive Delay it is off. A longer
// delay than before takes memory: 8 bytes a sample.
func (e *Echo) Set(to Echoing) {
	mix := within(to.Mix, 0, 1)
	if !(to.Delay > 0) {
		mix = 0
	}
	e.mix.to = float32(mix)
	if mix == 0 {
		return
	}
	e.decay.to = float32(within(to.Decay, 0, maxDecay))
	e.pingPong.to = 0
	if to.PingPong {
		e.pingPong.to = 1
	}
	delay := int(math.Round(within(to.Delay, minEcho, maxEcho) * audio.SampleRate))
	if delay == e.delay {
		return
	}
	if e.old < 0 && e.delay > 0 {
		e.old = e.delay
	}
	e.delay = delay
	for s := range e.lines {
		e.lines[s].grow(delay)
	}
}

// grow makes room for a longer delay and keeps what was written.
func (l *line) grow(longest int) {
	if l.ring != nil && l.longest() >= longest {
		return
	}
	was := *l
	*l = newLine(longest)
	copy(l.ring[len(l.ring)-len(was.ring):], was.ring[was.at:])
	copy(l.ring[len(l.ring)-was.at:], was.ring[:was.at])
}

// Process adds the echoes to b in place.
func (e *Echo) Process(b *audio.Block) {
	if e.still() {
		return
	}
	var dry [2][audio.FrameSamples]float32
	heard := take(&dry[0], b, 0)
	heard = take(&dry[1], b, 1) || heard
	if heard {
		e.left = e.Tail()
	} else if e.left == 0 {
		e.settle()
		return
	} else if e.left--; e.left == 0 {
		e.silence()
		e.settle()
		return
	}
	var wet [2][audio.FrameSamples]float32
	e.read(&wet)
	e.write(&dry, &wet)
	e.mix.add(b, 0, &wet[0], false)
	e.mix.add(b, 1, &wet[1], true)
	e.decay.jump()
	e.pingPong.jump()
}

// still reports that nothing is added, and forgets what there was to add.
func (e *Echo) still() bool {
	if e.lines[0].ring == nil {
		return true
	}
	off := e.mix == (ramp{})
	if off && e.left > 0 {
		e.Reset()
	}
	return off
}

// read fills wet with the echoes that are heard in this block.
func (e *Echo) read(wet *[2][audio.FrameSamples]float32) {
	for s := range e.lines {
		// The block of now is not written yet: it is one block nearer.
		e.lines[s].read(&wet[s], e.delay-audio.FrameSamples)
		if e.old < 0 {
			continue
		}
		var old [audio.FrameSamples]float32
		e.lines[s].read(&old, e.old-audio.FrameSamples)
		for i, v := range old {
			wet[s][i] = v + (wet[s][i]-v)*float32(i)/float32(audio.FrameSamples)
		}
	}
	e.old = -1
}

// write lets the sound, and the echoes of it, come back later.
func (e *Echo) write(dry, wet *[2][audio.FrameSamples]float32) {
	const inverse = 1 / float32(audio.FrameSamples)
	decay, decayStep := e.decay.now, (e.decay.to-e.decay.now)*inverse
	cross, crossStep := e.pingPong.now, (e.pingPong.to-e.pingPong.now)*inverse
	for i := range audio.FrameSamples {
		decay += decayStep
		cross += crossStep
		l, r := dry[0][i], dry[1][i]
		u, v := wet[0][i], wet[1][i]
		// Sides that change send both in on the left, and the left back on the right.
		dry[0][i] = flush(l + cross*((l+r)/2-l) + decay*(u+cross*(v-u)))
		dry[1][i] = flush(r - cross*r + decay*(v+cross*(u-v)))
	}
	for s := range e.lines {
		e.lines[s].write(&dry[s])
	}
}

// Tail is how many more frames are heard once the input is silent, at most: until the
// echoes are 60 dB softer than the first.
func (e *Echo) Tail() int {
	if e.lines[0].ring == nil || e.mix == (ramp{}) {
		return 0
	}
	decay := float64(max(e.decay.now, e.decay.to))
	return 1 + frames(max(e.delay, e.old)*passes(decay, echoFallen))
}

// settle ends glides in silence.
func (e *Echo) settle() {
	e.mix.jump()
	e.decay.jump()
	e.pingPong.jump()
	e.old = -1
}

// silence ends the tail.
func (e *Echo) silence() {
	for s := range e.lines {
		e.lines[s].clear()
	}
}

// Reset forgets all audio; the settings hold at once.
func (e *Echo) Reset() {
	e.left = 0
	e.settle()
	e.silence()
}
