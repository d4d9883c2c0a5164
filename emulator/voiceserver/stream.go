package voiceserver

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"busker/audio"
)

const (
	// earlyPackets and earlyTime bound how long audio may run ahead of its op 5: it
	// travels by UDP and the op by TCP, so the order of arrival is nobody's fault, and
	// a busy machine can be that slow.
	earlyPackets = 100
	earlyTime    = 2 * time.Second
	// burstLimit is how far a sender may be ahead of time: who is three frames late
	// may send four at once, more must be skipped (reference 3.3).
	burstLimit = 5 * audio.FrameTime
	// pauseAfter is the distance of two packets from which the timestamp may step
	// by the time that passed.
	pauseAfter = 3 * audio.FrameTime
	// stallLimit is how much lateness is remembered.
	stallLimit = 10 * time.Second
)

// stream is what a session sends, in the order it arrives. mu is held while a
// packet passes, and taken before no other lock but those of listeners.
type stream struct {
	mu    sync.Mutex
	room  [datagramBytes]byte // for the packet being decrypted
	early []received          // waiting for op 5; they own their bytes
	over  bool                // the session ended

	started   bool
	sequence  uint16
	timestamp uint32
	at        time.Time
	ahead     time.Duration // media time sent beyond the time that passed
	behind    time.Duration // time that passed beyond the media time sent: packets, or our reading of them, were late
	bursting  bool

	sealed bool   // a DAVE frame was sent,
	nonce  uint32 // with this truncated nonce
}

// shut ends the stream; what was held back is lost.
func (s *stream) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.early = true, nil
}

// check compares a packet with the one before it.
func (s *stream) check(h header, at time.Time) (broken []Violation) {
	add := func(kind Kind, format string, args ...any) {
		broken = append(broken, Violation{Kind: kind, Detail: fmt.Sprintf(format, args...)})
	}
	elapsed := at.Sub(s.at)
	if s.started {
		step, media := int16(h.sequence-s.sequence), h.timestamp-s.timestamp
		switch {
		case step <= 0:
			add(SequenceBack, "%d after %d", h.sequence, s.sequence)
		case step == 1 && media != uint32(audio.FrameSamples) && !pausedFor(elapsed, s.behind, media):
			add(TimestampStep, "%d samples in %v at sequence %d", int32(media), elapsed, h.sequence)
		}
		s.ahead = max(s.ahead-elapsed, 0)
		s.behind = min(max(s.behind+elapsed-audio.SamplesDuration(int64(int32(media))), 0), stallLimit)
	}
	s.ahead += audio.FrameTime
	if s.ahead > burstLimit && !s.bursting {
		add(Burst, "%v ahead of time at sequence %d", s.ahead, h.sequence)
	}
	s.bursting = s.ahead > burstLimit
	s.started, s.sequence, s.timestamp, s.at = true, h.sequence, h.timestamp, at
	return broken
}

// pausedFor reports whether a pause explains a step of the timestamp, or frames that
// were not sent for want of a key or of time, whose time passed: since the packet before,
// or before that one, which was late itself.
func pausedFor(elapsed, behind time.Duration, samples uint32) bool {
	media := audio.SamplesDuration(int64(samples))
	late := elapsed + behind
	if dropped := media%audio.FrameTime == 0 && media > audio.FrameTime; dropped && late >= media-audio.FrameTime/2 {
		return media <= late+pauseAfter
	}
	return elapsed >= pauseAfter && media >= audio.FrameTime && media <= elapsed+pauseAfter
}

// holdBack keeps a packet until op 5 comes, for a short while. The session's
// stream is locked.
func (s *Server) holdBack(live *session, p received) {
	early := &live.stream.early
	if len(*early) == earlyPackets || len(*early) > 0 && p.at.Sub((*early)[0].at) > earlyTime {
		s.violate(live, NotSpeaking, fmt.Sprintf("sequence %d", p.header.sequence))
		s.record.dropped.Add(1)
		return
	}
	p.clear = bytes.Clone(p.clear)
	skip := p.header.extension
	p.body = bytes.Clone(p.body)
	p.payload = p.body[skip : skip+len(p.payload)]
	*early = append(*early, p)
}

// release lets through what came before its op 5.
func (s *Server) release(live *session) {
	live.stream.mu.Lock()
	defer live.stream.mu.Unlock()
	s.releaseHeld(live)
}

// releaseHeld lets through what was held back, and drops it if that is long ago.
// The session's stream is locked.
func (s *Server) releaseHeld(live *session) {
	for _, p := range live.stream.early {
		if time.Since(p.at) > earlyTime {
			s.record.dropped.Add(1)
			continue
		}
		s.pass(live, p)
	}
	live.stream.early = nil
}
