package stretch

const (
	// places is how many of the coarse search's best are looked at closely.
	places = 3
	// pull is how much less likeness is worth at the edge of the window.
	pull = 0.05
)

// searcher finds where in the input a segment is continued best.
type searcher struct {
	scores [2*seek/grain + 1]float32
	tail   [fadeLength / grain]float32
	mid    []float32 // fadeLength + 2·grain samples
}

// find returns the index within seek of want where the input is most like o's tail, and
// the correlation there, 0..1: first in sums of grain samples, then sample by sample
// around the best places.
func (s *searcher) find(o *overlapper, want int) (at int, likeness float32) {
	first := s.rough(o, want)
	energy := dot(o.tail.mid, o.tail.mid)
	best := float32(-1)
	at = max(want, o.base)
	for range places {
		top := s.highest()
		if top < 0 {
			break
		}
		place, score, like := s.fine(o, first+top*grain, want, energy)
		if score > best {
			at, best, likeness = place, score, like
		}
	}
	return at, min(max(likeness, 0), 1)
}

// rough fills scores and returns the index the first of them belongs to.
func (s *searcher) rough(o *overlapper, want int) (first int) {
	for i := range s.tail {
		sum := float32(0)
		for _, v := range o.tail.mid[i*grain : (i+1)*grain] {
			sum += v
		}
		s.tail[i] = sum
	}
	first = max(want-seek, o.base)
	first = (first + grain - 1) / grain * grain
	from := (first - o.base) / grain
	energy := dot(o.coarse[from:from+len(s.tail)], o.coarse[from:from+len(s.tail)])
	for i := range s.scores {
		index := first + i*grain
		if index > want+seek {
			s.scores[i] = -1
			continue
		}
		window := o.coarse[from+i : from+i+len(s.tail)]
		s.scores[i] = score(dot(s.tail[:], window), energy, index-want)
		if i+1 < len(s.scores) && from+i+len(s.tail) < len(o.coarse) {
			in, out := o.coarse[from+i+len(s.tail)], window[0]
			energy = max(0, energy+in*in-out*out)
		}
	}
	return first
}

// highest returns the best local maximum of the scores and takes it out; -1 when there is
// none above 0.
func (s *searcher) highest() int {
	top, best := -1, float32(0)
	for i, v := range s.scores {
		if v > best {
			top, best = i, v
		}
	}
	if top < 0 {
		return top
	}
	return s.take(top)
}

// take removes the hill around top.
func (s *searcher) take(top int) int {
	last := s.scores[top]
	s.scores[top] = 0
	for i, v := top+1, last; i < len(s.scores) && s.scores[i] > 0 && s.scores[i] <= v; i++ {
		v, s.scores[i] = s.scores[i], 0
	}
	for i, v := top-1, last; i >= 0 && s.scores[i] > 0 && s.scores[i] <= v; i-- {
		v, s.scores[i] = s.scores[i], 0
	}
	return top
}

// fine looks at every sample around an index and returns the best, its score, and its
// correlation coefficient with the tail, whose energy is given.
func (s *searcher) fine(o *overlapper, around, want int, energy float32) (at int, best, likeness float32) {
	first := max(around-grain, o.base, want-seek)
	last := min(around+grain, want+seek, o.end()-fadeLength)
	m := s.mid[:max(0, last-first+fadeLength)]
	for i := range m {
		m[i] = mid(o.left[first-o.base+i], o.right[first-o.base+i])
	}
	best = -1
	own := float32(-1)
	for i := first; i <= last; i++ {
		window := m[i-first:][:fadeLength]
		if own < 0 {
			own = dot(window, window)
		} else {
			in, out := window[fadeLength-1], m[i-first-1]
			own = max(0, own+in*in-out*out)
		}
		like := dot(o.tail.mid, window)
		if v := score(like, own, i-want); v > best {
			at, best = i, v
			likeness = like / sqrt(max(own*energy, 1e-20))
		}
	}
	return at, best, likeness
}

// score ranks places: the correlation, squared, over the energy there, and a little less
// the farther they lie from the place wanted.
func score(like, energy float32, off int) float32 {
	if like <= 0 {
		return 0
	}
	x := float32(off) / seek
	return like * like / (energy + 1e-12) * (1 - pull*x*x)
}
