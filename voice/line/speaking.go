package line

import "sync/atomic"

// Speaking is the agreement that no audio is sent before the voice gateway has been
// told (op 5): the Line says what it wants, somebody tells the gateway, and only then
// the Line goes ahead.
type Speaking struct {
	wanted  atomic.Uint32 // changes of mind so far: odd is speaking, even is silent
	told    atomic.Uint32 // the value of wanted the gateway was told of
	wake    chan struct{} // size 1: wanted changed
	ungated bool
}

func newSpeaking(ungated bool) *Speaking {
	return &Speaking{wake: make(chan struct{}, 1), ungated: ungated}
}

// begin asks for leave to speak. It may be called any time by anyone.
func (s *Speaking) begin() {
	if w := s.wanted.Load(); w&1 == 0 && s.wanted.CompareAndSwap(w, w+1) {
		s.notify()
	}
}

// end gives it back. Only the pacer calls it, while granted.
func (s *Speaking) end() {
	s.wanted.Add(1)
	s.notify()
}

func (s *Speaking) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// granted reports whether audio may be sent now.
func (s *Speaking) granted() bool {
	w := s.wanted.Load()
	return w&1 == 1 && (s.ungated || s.told.Load() == w)
}

// Changed returns the channel that says that there may be news for the gateway.
func (s *Speaking) Changed() <-chan struct{} { return s.wake }

// Idle reports whether silence is wanted and the gateway knows.
func (s *Speaking) Idle() bool {
	w := s.wanted.Load()
	return w&1 == 0 && s.told.Load() == w
}

// Settled reports whether the gateway knows what is wanted.
func (s *Speaking) Settled() bool { return s.told.Load() == s.wanted.Load() }

// Next returns what to tell the gateway, and what to call Told with afterwards.
func (s *Speaking) Next() (speaking bool, n uint32) {
	n = s.wanted.Load()
	return n&1 == 1, n
}

// Told says that the gateway was told.
func (s *Speaking) Told(n uint32) { s.told.Store(n) }
