package dsp

import "busker/audio"

// filter changes blocks in place. Its parameters, of type P, glide.
type filter[P any] interface {
	Process(b *audio.Block)
	Set(to P)
	Reset()
}

// ringer is a filter that is heard for a while after its input has ended.
type ringer interface {
	// Tail is how many more frames are heard once the input is silent, at most.
	Tail() int
}

// place is a stage of whatever filter, as the Chain sees it.
type place interface {
	latch()
	process(b *audio.Block)
	resting() bool
	rooms() bool
	tail() int
	reset()
}

// stage is a place in the chain for one filter, which is made when it is first wanted.
// It fades the filter in and out: no switch clicks, and no time is lost. A filter that
// comes on hears a frame before it is heard.
type stage[P comparable] struct {
	make func(P) filter[P]
	// room says that the filter adds something to the sound which goes on after it: when
	// it goes off, what it added before rings out.
	room bool

	filter filter[P] // nil until it is first wanted
	wanted bool      // what the settings say
	params P
	on     bool // what the next block fades to
	warm   bool // the filter has heard the frame before
	heard  bool // what the last block ended with
	left   int  // frames a room still rings after it went off
}

// want says what holds from the next latch on. It makes the filter, so that no later
// call allocates.
func (s *stage[P]) want(params P, on bool) {
	s.wanted = on
	if !on {
		return
	}
	s.params = params
	switch {
	case s.filter == nil:
		s.filter = s.make(params)
	case s.room:
		s.filter.Set(params) // may need memory for a longer echo
	}
}

// latch lets what is wanted begin.
func (s *stage[P]) latch() {
	s.on = s.wanted
	if !s.on {
		return
	}
	s.filter.Set(s.params)
	if !s.heard && !s.warm && s.left == 0 {
		s.filter.Reset()
	}
}

// resting reports that the stage changes nothing.
func (s *stage[P]) resting() bool { return !s.on && !s.wanted && !s.heard && s.left == 0 }

// rooms reports that a room is heard.
func (s *stage[P]) rooms() bool { return s.room && (s.on || s.left > 0) }

// tail is how many frames the stage goes on when its input ends.
func (s *stage[P]) tail() int {
	if s.on {
		return s.ringing()
	}
	return s.left
}

// reset forgets all audio; what is wanted holds at once.
func (s *stage[P]) reset() {
	s.on, s.heard, s.warm, s.left = s.wanted, s.wanted, false, 0
	if s.filter != nil {
		if s.on {
			s.filter.Set(s.params)
		}
		s.filter.Reset()
	}
}

func (s *stage[P]) process(b *audio.Block) {
	switch {
	case s.on && s.heard:
		s.filter.Process(b)
	case s.on && !s.warm && !s.room:
		dry := *b
		s.filter.Process(b)
		*b, s.warm = dry, true
	case s.on:
		s.fade(b, 0, 1)
		s.heard, s.warm, s.left = true, false, 0
	case s.heard:
		s.fade(b, 1, 0)
		s.heard, s.warm = false, false
		if s.room {
			s.left = s.ringing()
		}
	case s.left > 0:
		s.left--
		s.send(b, 0, 0)
	}
}

// ringing is the filter's tail, in frames.
func (s *stage[P]) ringing() int {
	if r, ok := s.filter.(ringer); ok {
		return r.Tail()
	}
	return 0
}

// fade goes from a share of the filtered sound to another over b.
func (s *stage[P]) fade(b *audio.Block, from, to float32) {
	if s.room {
		s.send(b, from, to)
		return
	}
	dry := *b
	s.filter.Process(b)
	step := (to - from) / float32(audio.FrameSamples)
	for i := range audio.FrameSamples {
		from += step
		b[2*i] = dry[2*i] + from*(b[2*i]-dry[2*i])
		b[2*i+1] = dry[2*i+1] + from*(b[2*i+1]-dry[2*i+1])
	}
}

// send gives a share of b, that goes from one value to another, to the room, and adds
// what the room makes of it to b.
func (s *stage[P]) send(b *audio.Block, from, to float32) {
	dry := *b
	step := (to - from) / float32(audio.FrameSamples)
	share := from
	for i := range audio.FrameSamples {
		share += step
		b[2*i] *= share
		b[2*i+1] *= share
	}
	s.filter.Process(b)
	share = from
	for i := range audio.FrameSamples {
		share += step
		b[2*i] += (1 - share) * dry[2*i]
		b[2*i+1] += (1 - share) * dry[2*i+1]
	}
}
