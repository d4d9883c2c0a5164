package voice

import (
	"sync/atomic"

	"busker/voice/signal"
)

// speaking is the agreement that no audio is sent before the voice gateway has
// been told (op 5): the sending side says what it wants, the session tells the
// gateway, and only then the sending side goes ahead.
type speaking struct {
	wanted atomic.Uint32 // changes of mind so far: odd is speaking, even is silent
	told   atomic.Uint32 // the value of wanted the gateway was told of
	wake   chan struct{} // size 1: wanted changed
}

func newSpeaking() *speaking { return &speaking{wake: make(chan struct{}, 1)} }

// begin asks for leave to speak. It may be called any time by anyone.
func (s *speaking) begin() {
	if w := s.wanted.Load(); w&1 == 0 && s.wanted.CompareAndSwap(w, w+1) {
		s.notify()
	}
}

// end gives it back. Only the pacer calls it, while granted.
func (s *speaking) end() {
	s.wanted.Add(1)
	s.notify()
}

func (s *speaking) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// granted reports whether audio may be sent now.
func (s *speaking) granted() bool {
	w := s.wanted.Load()
	return w&1 == 1 && s.told.Load() == w
}

// idle reports whether silence is wanted and the gateway knows.
func (s *speaking) idle() bool {
	w := s.wanted.Load()
	return w&1 == 0 && s.told.Load() == w
}

// settled reports whether the gateway knows what is wanted.
func (s *speaking) settled() bool { return s.told.Load() == s.wanted.Load() }

// next returns what to tell the gateway, and what to store in told afterwards.
func (s *speaking) next() (signal.SpeakingFlags, uint32) {
	w := s.wanted.Load()
	if w&1 == 1 {
		return signal.Microphone, w
	}
	return signal.Silent, w
}
