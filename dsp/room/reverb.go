package room

import "busker/audio"

const (
	// combs and diffusers are how many filters a side has, as in Freeverb.
	combs, diffusers = 8, 4
	// spread is by how many samples the right side's delays are longer.
	spread = 25
	// maxPreDelay bounds the pre-delay, in milliseconds.
	maxPreDelay = 250
	// smallest and largest room, as what comes back from the walls.
	smallest, largest = 0.7, 0.98
	// darkest is the damping at 1.
	darkest = 0.4
	// input is the gain into the combs, and makeup what brings their sum back to the
	// level of the sound.
	input, makeup = 0.015, 3
	// fallen is by how many decibels a tail has decayed when it counts as over.
	fallen = 80
)

// The delays, in samples at 48 kHz: Freeverb's, which are meant for 44.1 kHz, scaled.
// All are longer than a block, or come back to it in order.
var (
	combDelays     = [combs]int{1215, 1293, 1390, 1476, 1548, 1623, 1695, 1760}
	diffuserDelays = [diffusers]int{605, 480, 371, 245}
)

// Reverberation describes a Reverb; the zero value is off.
type Reverberation struct {
	Mix      float64 `json:"mix" yaml:"mix"`           // 0..1, share of the wet signal added
	Size     float64 `json:"size" yaml:"size"`         // 0..1
	Damping  float64 `json:"damping" yaml:"damping"`   // 0..1
	Width    float64 `json:"width" yaml:"width"`       // 0..1
	PreDelay float64 `json:"preDelay" yaml:"preDelay"` // ms
}

// Reverb is a hall: eight damped combs beside each other and four all-passes in a row for
// each side (Schroeder's, in Freeverb's tuning). One goroutine uses it at a time.
type Reverb struct {
	sides              *[2]hall // nil until it is first on
	pre                line
	same, other        ramp // gain of a side's own hall, and of the other's
	feedback, damping  ramp
	preDelay, preFades int // samples; where the pre-delay glides from, or -1
	left               int // frames until the tail is over
}

// hall is what one side has.
type hall struct {
	combs     [combs]comb
	diffusers [diffusers]diffuser
	wet       [audio.FrameSamples]float32
}

// NewReverb returns a Reverb as described.
func NewReverb(r Reverberation) *Reverb {
	v := &Reverb{preFades: -1}
	v.Set(r)
	v.Reset()
	return v
}

// Set glides to other settings within 20 ms. All are held in their ranges, PreDelay in
// 0..250 ms.
func (r *Reverb) Set(to Reverberation) {
	mix, width := within(to.Mix, 0, 1), within(to.Width, 0, 1)
	r.same.to = float32(makeup * mix * (1 + width) / 2)
	r.other.to = float32(makeup * mix * (1 - width) / 2)
	r.feedback.to = float32(smallest + (largest-smallest)*within(to.Size, 0, 1))
	r.damping.to = float32(darkest * within(to.Damping, 0, 1))
	if mix == 0 {
		return
	}
	if r.sides == nil {
		r.make()
	}
	if d := int(within(to.PreDelay, 0, maxPreDelay) * audio.SampleRate / 1000); d != r.preDelay {
		if r.preFades < 0 {
			r.preFades = r.preDelay
		}
		r.preDelay = d
	}
}

func (r *Reverb) make() {
	r.sides = new([2]hall)
	r.pre = newLine(maxPreDelay * audio.SampleRate / 1000)
	for s := range r.sides {
		h := &r.sides[s]
		for i := range h.combs {
			h.combs[i].delay = make([]float32, combDelays[i]+s*spread)
		}
		for i := range h.diffusers {
			h.diffusers[i].delay = make([]float32, diffuserDelays[i]+s*spread)
		}
	}
	r.feedback.jump()
	r.damping.jump()
}

// Process adds the room to b in place.
func (r *Reverb) Process(b *audio.Block) {
	if r.still() {
		return
	}
	var dry, right [audio.FrameSamples]float32
	heard := take(&dry, b, 0)
	heard = take(&right, b, 1) || heard
	if heard {
		r.left = r.Tail()
	} else if r.left == 0 {
		r.settle()
		return
	} else if r.left--; r.left == 0 {
		r.silence()
		r.settle()
		return
	}
	for i := range dry {
		dry[i] = (dry[i] + right[i]) * input
	}
	r.delay(&dry)
	for s := range r.sides {
		r.sides[s].process(&dry, r.feedback, r.damping)
	}
	r.feedback.jump()
	r.damping.jump()
	for s := range r.sides {
		r.same.add(b, s, &r.sides[s].wet, s == 1)
		r.other.add(b, s, &r.sides[1-s].wet, s == 1)
	}
}

// still reports that nothing is added, and leaves the room empty for when something is.
func (r *Reverb) still() bool {
	if r.sides == nil {
		return true
	}
	off := r.same == (ramp{}) && r.other == (ramp{})
	if off && r.left > 0 {
		r.Reset()
	}
	return off
}

// delay applies the pre-delay, and fades from one to another.
func (r *Reverb) delay(x *[audio.FrameSamples]float32) {
	r.pre.write(x)
	r.pre.read(x, r.preDelay)
	if r.preFades < 0 {
		return
	}
	var old [audio.FrameSamples]float32
	r.pre.read(&old, r.preFades)
	for i := range x {
		x[i] = old[i] + (x[i]-old[i])*float32(i)/float32(audio.FrameSamples)
	}
	r.preFades = -1
}

// process fills wet.
func (h *hall) process(dry *[audio.FrameSamples]float32, feedback, damping ramp) {
	clear(h.wet[:])
	for i := 0; i < combs; i += 2 {
		pair(&h.combs[i], &h.combs[i+1], &h.wet, dry, feedback, damping)
	}
	for i := range h.diffusers {
		h.diffusers[i].process(&h.wet)
	}
}

// comb is a delay that comes back through a low-pass.
type comb struct {
	delay []float32
	at    int
	store float32
}

// pair adds two combs to wet: each waits for its own last sample, so two at once take
// little longer than one.
func pair(c, d *comb, wet, dry *[audio.FrameSamples]float32, feedback, damping ramp) {
	const inverse = 1 / float32(audio.FrameSamples)
	back, backStep := feedback.now, (feedback.to-feedback.now)*inverse
	damp, dampStep := damping.now, (damping.to-damping.now)*inverse
	s, t := c.store, d.store
	for done := 0; done < len(wet); {
		n := min(len(c.delay)-c.at, len(d.delay)-d.at, len(wet)-done)
		first, second := c.delay[c.at:c.at+n], d.delay[d.at:d.at+n]
		out, in := wet[done:done+n], dry[done:done+n]
		for i := range n {
			v, w, x := first[i], second[i], in[i]
			out[i] += v + w
			through := 1 - damp
			s = v*through + s*damp
			t = w*through + t*damp
			first[i], second[i] = x+s*back, x+t*back
			back += backStep
			damp += dampStep
		}
		done += n
		c.turn(n)
		d.turn(n)
	}
	c.store, d.store = flush(s), flush(t)
}

// turn moves on by n samples.
func (c *comb) turn(n int) {
	if c.at += n; c.at == len(c.delay) {
		c.at = 0
	}
}

// diffuser is an all-pass: it thickens what goes through and colours nothing.
type diffuser struct {
	delay []float32
	at    int
}

func (d *diffuser) process(wet *[audio.FrameSamples]float32) {
	for done := 0; done < len(wet); {
		delay := d.delay[d.at:]
		n := min(len(delay), len(wet)-done)
		delay = delay[:n]
		x := wet[done : done+n]
		for i, v := range delay {
			in := x[i]
			x[i] = v - in
			delay[i] = in + v/2
		}
		done += n
		if d.at += n; d.at == len(d.delay) {
			d.at = 0
		}
	}
}

// Tail is how many more frames are heard once the input is silent, at most: until
// everything has decayed by 80 dB.
func (r *Reverb) Tail() int {
	if r.sides == nil || r.same == (ramp{}) && r.other == (ramp{}) {
		return 0
	}
	const longest, diffusion = 1760 + spread, 4 * (605 + spread)
	factor := float64(max(r.feedback.now, r.feedback.to))
	return frames(r.preDelay + diffusion + longest*passes(factor, fallen))
}

// settle ends glides in silence.
func (r *Reverb) settle() {
	for _, g := range [...]*ramp{&r.same, &r.other, &r.feedback, &r.damping} {
		g.jump()
	}
	r.preFades = -1
}

// silence ends the tail.
func (r *Reverb) silence() {
	r.pre.clear()
	for s := range r.sides {
		h := &r.sides[s]
		for i := range h.combs {
			clear(h.combs[i].delay)
			h.combs[i].store = 0
		}
		for i := range h.diffusers {
			clear(h.diffusers[i].delay)
		}
	}
}

// Reset forgets all audio; the settings hold at once.
func (r *Reverb) Reset() {
	r.left = 0
	r.settle()
	if r.sides != nil {
		r.silence()
	}
}
