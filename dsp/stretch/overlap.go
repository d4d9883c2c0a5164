package stretch

import "math"

const (
	// fadeLength is the length of a splice, in samples: 10 ms.
	fadeLength = 480
	// seek is how far to either side of its place a segment is looked for: 10 ms, so
	// that a whole period of 50 Hz and up is in reach.
	seek = 480
	// grain is the step of the coarse search.
	grain = 8
	// capacity is the room for input: the longest way back at the slowest tempo, a splice
	// beyond it, a block.
	capacity = 8192
	// farthest is how far ahead of a segment the next one may be: all between is kept.
	farthest = 5000
	// minTempo and maxTempo bound what an overlapper does.
	minTempo, maxTempo = 0.125, 8
)

// overlapper changes the length of planar stereo and keeps its pitch (WSOLA): it copies
// segments of the input, leaves out or repeats what lies between them, and fades from
// each to the next where both are most alike. Both channels are cut at the same places.
type overlapper struct {
	tempo float64

	left, right []float32
	coarse      []float32 // sums of grain samples of the mid signal
	base        int       // index of left[0] since the start; a multiple of grain
	have        int       // samples in left and in right; a multiple of grain

	read  int     // index of the next sample to copy
	drift float64 // read + drift is where the tempo wants the next sample from
	run   int     // samples to copy until the next splice

	waiting bool // the segment before is kept for the fade, the next one not chosen yet
	fade    int  // samples of the present fade that are done
	tail    struct{ left, right, mid, gain []float32 }
	search  searcher
}

func newOverlapper() *overlapper {
	o := &overlapper{
		tempo:  1,
		left:   make([]float32, capacity),
		right:  make([]float32, capacity),
		coarse: make([]float32, capacity/grain),
	}
	o.tail.left = make([]float32, fadeLength)
	o.tail.right = make([]float32, fadeLength)
	o.tail.mid = make([]float32, fadeLength)
	o.tail.gain = make([]float32, fadeLength)
	o.search.mid = make([]float32, fadeLength+2*grain)
	o.reset()
	return o
}

// reset forgets all audio.
func (o *overlapper) reset() {
	o.base, o.have, o.read, o.drift = 0, 0, 0, 0
	o.run, o.waiting, o.fade = 0, false, fadeLength
}

func (o *overlapper) end() int { return o.base + o.have }

// ahead is how far the end of the input lies beyond the next output's place.
func (o *overlapper) ahead() float64 { return float64(o.end()-o.read) - o.drift }

// feed takes interleaved samples, a multiple of grain; it needs that there is room.
func (o *overlapper) feed(src []float32) {
	o.compact(len(src) / 2)
	n := len(src) / 2
	left, right := o.left[o.have:o.have+n], o.right[o.have:o.have+n]
	for i := range n {
		left[i], right[i] = clean(src[2*i]), clean(src[2*i+1])
	}
	for i := 0; i < n; i += grain {
		sum := float32(0)
		for j := range grain {
			sum += mid(left[i+j], right[i+j])
		}
		o.coarse[(o.have+i)/grain] = sum
	}
	o.have += n
}

// fits reports whether n samples can be fed.
func (o *overlapper) fits(n int) bool { return o.end()-o.needed()+n <= capacity }

// needed is the first index that may still be read, a multiple of grain.
func (o *overlapper) needed() int {
	from := int(math.Floor(float64(o.read)+o.drift)) - seek - grain
	if !o.waiting {
		from = min(from, o.read)
	}
	return min(max(from, o.base)/grain*grain, o.end())
}

// compact makes room for n samples.
func (o *overlapper) compact(n int) {
	if o.have+n <= capacity {
		return
	}
	drop := o.needed() - o.base
	copy(o.left, o.left[drop:o.have])
	copy(o.right, o.right[drop:o.have])
	copy(o.coarse, o.coarse[drop/grain:o.have/grain])
	o.base += drop
	o.have -= drop
}

// emit writes output until the slices are full or more input is needed, and returns how
// much there is. At tempo 1 that is the input, bit for bit.
func (o *overlapper) emit(left, right []float32) (made int) {
	for made < len(left) {
		if o.run == 0 && !o.next() {
			return made
		}
		n := min(len(left)-made, o.run, o.end()-o.read, int(o.ahead()/o.tempo))
		if o.fade == fadeLength && o.tempo > 1 {
			n = min(n, o.bound())
		}
		if n <= 0 {
			return made
		}
		if o.fade < fadeLength {
			n = o.mix(left[made:made+n], right[made:made+n])
		} else {
			at := o.read - o.base
			copy(left[made:made+n], o.left[at:])
			copy(right[made:made+n], o.right[at:])
		}
		made += n
		o.read += n
		o.run -= n
		o.drift += float64(n) * (o.tempo - 1)
	}
	return made
}

// bound is how many samples may be copied before the drift is too large; then it ends the
// segment.
func (o *overlapper) bound() int {
	n := int(math.Ceil((farthest - o.drift) / (o.tempo - 1)))
	o.run = min(o.run, max(n, 1))
	return o.run
}

// mix fades from the tail to the samples at read.
func (o *overlapper) mix(left, right []float32) int {
	n := min(len(left), fadeLength-o.fade)
	at := o.read - o.base
	for i := range n {
		k := o.fade + i
		in, gain := (float32(k)+0.5)/fadeLength, o.tail.gain[k]
		left[i] = gain * (o.tail.left[k] + in*(o.left[at+i]-o.tail.left[k]))
		right[i] = gain * (o.tail.right[k] + in*(o.right[at+i]-o.tail.right[k]))
	}
	o.fade += n
	return n
}

// next decides what follows a segment: its own continuation while that is near enough to
// where the tempo wants to be, a splice otherwise. It reports false when it needs more
// input to know.
func (o *overlapper) next() bool {
	if !o.waiting {
		if o.tempo == 1 || math.Abs(o.drift) <= seek {
			o.run = o.hop() / 2
			return true
		}
		if !o.keep() {
			return false
		}
	}
	return o.splice()
}

// hop is how much of a segment is copied before the next splice. Slow tempos repeat much
// and need long segments to hide it; fast ones leave out much and need short ones to lose
// no syllable.
func (o *overlapper) hop() int {
	const slow, fast = 3936, 1536 // 82 ms at half the tempo, 32 ms at twice
	t := min(max(o.tempo, 0.5), 2)
	return int(slow + (fast-slow)*(t-0.5)/1.5)
}

// keep copies what the last segment would go on with, for the fade and the search.
func (o *overlapper) keep() bool {
	if o.end()-o.read < fadeLength {
		return false
	}
	at := o.read - o.base
	copy(o.tail.left, o.left[at:])
	copy(o.tail.right, o.right[at:])
	for i := range o.tail.mid {
		o.tail.mid[i] = mid(o.tail.left[i], o.tail.right[i])
	}
	o.waiting = true
	return true
}

// splice goes on where the input near the wanted place is most like the tail.
func (o *overlapper) splice() bool {
	want := int(math.Floor(float64(o.read) + o.drift))
	if want+seek+grain+fadeLength > o.end() {
		o.skip(want - seek - grain)
		return false
	}
	at, likeness := o.search.find(o, want)
	o.drift += float64(o.read - at)
	o.read, o.run, o.waiting, o.fade = at, o.hop(), false, 0
	for i := range o.tail.gain {
		in := (float32(i) + 0.5) / fadeLength
		out := 1 - in
		o.tail.gain[i] = 1 / sqrt(in*in+out*out+2*likeness*in*out)
	}
	return true
}

// skip forgets the input before index to, of which nothing will be heard.
func (o *overlapper) skip(to int) {
	drop := min((to-o.base)/grain*grain, o.have)
	if drop == o.have && drop > 0 {
		o.base += drop
		o.have = 0
	}
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// mid is what both channels have in common, weighted so that sides of opposite sign do
// not cancel out.
func mid(left, right float32) float32 { return left + 0.75*right }

// clean replaces what is no number, or far from any level, by silence, and so what is too
// small to hear, whose products would be denormal and slow. It compares the bits of the
// magnitude, as no processor foresees the signs.
func clean(v float32) float32 {
	if bits := math.Float32bits(v) &^ (1 << 31); bits-quietest < loudest-quietest {
		return v
	}
	return 0
}

// The bits of 1e-15 and of 1e6.
var quietest, loudest = math.Float32bits(1e-15), math.Float32bits(1e6)
