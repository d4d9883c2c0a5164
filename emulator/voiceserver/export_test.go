package voiceserver

import (
	"time"

	"busker/audio"
)

// Stream checks what one session sends.
type Stream struct {
	stream
	next header
}

// NewStream returns a Stream that has seen nothing.
func NewStream() *Stream { return &Stream{} }

// Check takes the next packet, whose timestamp is so many frames beyond the one before.
func (s *Stream) Check(frames uint32, at time.Time) []Violation {
	s.next.sequence++
	s.next.timestamp += frames * uint32(audio.FrameSamples)
	return s.check(s.next, at)
}
