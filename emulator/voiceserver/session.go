package voiceserver

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
)

// session is one client in a call, across the sockets it resumes on.
type session struct {
	Session
	ssrc   uint32
	stream stream // what it sends, checked

	// For the media path, which takes no lock of the signalling:
	transport atomic.Pointer[transport]      // nil before the Session Description
	remote    atomic.Pointer[netip.AddrPort] // nil before the first datagram
	call      atomic.Pointer[call]           // nil before it joined

	mu       sync.Mutex
	socket   *socket // nil while disconnected
	sockets  int     // it had
	detached time.Time
	replay   replay
	speaking int // flags of the last op 5
	spoken   bool

	maxDAVE int // newest DAVE version the client knows; set before it joins
	// Of the end-to-end encryption; seat and late are guarded by Server.mu:
	seat       *delivery.Seat // nil before the Session Description
	late       []snowflake.ID // whose op 11 a test holds back
	plainUntil atomic.Int64   // unix nanoseconds until which frames may be in the clear
	fresh      freshKeys
	deadPath   atomic.Pointer[netip.AddrPort]
}

// deaf reports whether a test killed the path to an address.
func (s *session) deaf(at netip.AddrPort) bool {
	dead := s.deadPath.Load()
	return dead != nil && *dead == at
}

// skipTo sets the number of the next message.
func (s *session) skipTo(seq uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replay.next = seq
}

func newSession(e Session, ssrc uint32, first uint16) *session {
	return &session{Session: e, ssrc: ssrc, replay: replay{next: first}, detached: time.Now()}
}

// send tells the client something in JSON. Without a socket, numbered messages
// wait for a resume and others are lost.
func (s *session) send(op opcode, d any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := message{typ: websocket.MessageText}
	if op.numbered() {
		m.seq = s.replay.take()
	}
	m.data = encodeText(op, d, m.seq)
	if op.numbered() {
		s.replay.keep(m)
	}
	s.write(m)
}

// sendBinary tells the client something in binary form, which is always numbered.
func (s *session) sendBinary(op opcode, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := message{typ: websocket.MessageBinary, seq: s.replay.take()}
	m.data = encodeBinary(op, payload, m.seq)
	s.replay.keep(m)
	s.write(m)
}

func (s *session) write(m message) {
	if s.socket != nil {
		s.socket.push(m)
	}
}

// attach gives the session its first socket.
func (s *session) attach(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket = k
	s.sockets++
}

// resume moves the session to k and repeats what the client has not seen after
// seq. It reports whether seq was a number the client can have.
func (s *session) resume(k *socket, seq int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		s.socket.cut()
	}
	s.socket = k
	s.sockets++
	known := s.replay.ack(seq)
	k.push(message{typ: websocket.MessageText, data: encodeText(opResumed, nil, 0)})
	for _, m := range s.replay.pending {
		k.push(m)
	}
	return known
}

// detach notes that k is gone, unless the session has moved on.
func (s *session) detach(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket == k {
		s.socket, s.detached = nil, time.Now()
	}
}

func (s *session) abandoned(now time.Time, window time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket == nil && now.Sub(s.detached) > window
}

func (s *session) ack(seq int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replay.ack(seq)
}

// close ends the socket with a code, after what was sent before.
func (s *session) close(code closeCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		s.socket.finish(code)
	}
}

// cut ends the socket without a close frame.
func (s *session) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		s.socket.cut()
	}
}

// speak takes the flags of an op 5.
func (s *session) speak(flags int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.speaking, s.spoken = flags, true
}

// spokenFlags returns the flags of the last op 5, and whether there was one.
func (s *session) spokenFlags() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.speaking, s.spoken
}
