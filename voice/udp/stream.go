package udp

import (
	"net/netip"
	"sync/atomic"
)

// Receiver is told what comes back from a stream's remote address. It is called by
// the reader of the socket, and by that only: it must not block. A call under way may
// end after the stream's Close.
type Receiver interface {
	// Heard takes a datagram, valid until it returns.
	Heard(datagram []byte)
	// Refused says that a datagram met nobody: the port is closed at the other end.
	Refused()
	// Lost says that the stream's socket is gone: nothing can be sent any more.
	Lost(err error)
}

// Stream is the way to one remote address.
type Stream struct {
	sockets  *Sockets
	socket   *socket
	remote   netip.AddrPort
	receiver Receiver
	closed   atomic.Bool
	name     sockaddr // remote, as the system wants it
}

// Remote returns the address the stream leads to.
func (s *Stream) Remote() netip.AddrPort { return s.remote }

// Queue has datagram sent by the thread's next Flush. Until that has returned, it
// must not change. Only the goroutine that flushes for thread calls it.
func (s *Stream) Queue(thread int, datagram []byte) {
	b := &s.sockets.threads[thread]
	b.messages = append(b.messages, message{s.socket.number, s, datagram})
}

// Write sends a datagram at once. It may be called by anyone.
func (s *Stream) Write(datagram []byte) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return s.socket.write(s.remote, s.socket.connected, datagram)
}

// Close gives the way up; what was queued and not flushed is dropped. It may be
// called more than once.
func (s *Stream) Close() {
	if !s.closed.Swap(true) {
		s.sockets.leave(s)
	}
}
