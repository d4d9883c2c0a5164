package voice

import (
	"sync/atomic"
	"time"

	"busker/audio"
)

// stream is the sending half of a Conn, all the pacer knows of it: packets, and
// the link of the moment to send them through. It outlives every link.
type stream struct {
	ring    *ring
	link    atomic.Pointer[link] // nil while nothing can be sent: packets wait
	metrics *Metrics

	sent      atomic.Uint64 // audio packets
	late      atomic.Uint64 // of these, more than a frame late
	underruns atomic.Uint64
	lateness  lateness
}

func newStream(lookahead time.Duration, metrics *Metrics) *stream {
	return &stream{ring: newRing(int(audio.Frames(lookahead))), metrics: metrics}
}

// Tick sends what is due in this frame.
func (s *stream) Tick(late time.Duration) {
	s.lateness.tick()
	if l := s.link.Load(); l != nil {
		l.tick(s, late)
	}
}

// push queues p unless there is no room for it.
func (s *stream) push(p *audio.Packet) bool {
	if !s.ring.push(p) {
		return false
	}
	if l := s.link.Load(); l != nil {
		l.speaking.begin()
	}
	return true
}
