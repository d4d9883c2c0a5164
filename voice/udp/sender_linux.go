package udp

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr is a remote address as the kernel wants it. It must not move or change
// while it is in use.
type sockaddr struct {
	raw    unix.RawSockaddrInet6 // of IPv4 the first bytes
	length uint32
}

// set fills s with an address; ports are big endian there.
func (s *sockaddr) set(remote netip.AddrPort) {
	if remote.Addr().Is4() {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.raw))
		v4.Family = unix.AF_INET
		v4.Addr = remote.Addr().As4()
		s.length = unix.SizeofSockaddrInet4
	} else {
		s.raw.Family = unix.AF_INET6
		s.raw.Addr = remote.Addr().As16()
		s.length = unix.SizeofSockaddrInet6
	}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&s.raw.Port))[:], remote.Port())
}

// mmsghdr is the kernel's, of sendmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	sent uint32
}

// sender makes the system calls of a batch.
type sender struct {
	metrics *Metrics
	headers [maxBatch]mmsghdr
	vectors [maxBatch]unix.Iovec

	// What call hands to the kernel, once the socket can not be closed below it.
	count int
	call  func(fd uintptr)
}

func (s *sender) init(m *Metrics) {
	s.metrics = m
	s.call = s.transmit // once: a method value is an allocation
	for i := range s.headers {
		s.headers[i].Iov = &s.vectors[i]
		s.headers[i].SetIovlen(1)
	}
}

// send hands messages of one socket to it, at most maxBatch.
func (s *sender) send(to *socket, messages []message) {
	s.count = 0
	for _, m := range messages {
		if m.stream.closed.Load() || len(m.datagram) == 0 {
			s.metrics.closed.Inc()
			continue
		}
		s.address(to, m)
	}
	if s.count == 0 {
		return
	}
	// Control holds off a Close, but unlike Write no other thread.
	if to.raw.Control(s.call) != nil {
		s.metrics.closed.Add(float64(s.count))
	}
}

func (s *sender) address(to *socket, m message) {
	vector, header := &s.vectors[s.count], &s.headers[s.count]
	vector.Base = &m.datagram[0]
	vector.SetLen(len(m.datagram))
	header.Name, header.Namelen = nil, 0
	if !to.connected {
		header.Name = (*byte)(unsafe.Pointer(&m.stream.name.raw))
		header.Namelen = m.stream.name.length
	}
	s.count++
}

// mostRefused is how many refusals of earlier datagrams one may meet before it is given up:
// they come from as many closed ports at once as there are streams of a socket.
const mostRefused = 32

// transmit sends s.count messages. It never waits: when the socket's buffer is full the
// rest is dropped, when a queue behind it is, only the datagram that met it, for others
// may go another way. Any other error may be an old one the socket still held back, of a
// datagram long sent: then the message it met is tried once more, and after a refusal a few
// times, for the next may have come in the meantime.
func (s *sender) transmit(fd uintptr) {
	for done, tries := 0, 0; done < s.count; {
		n, errno := s.hand(fd, done)
		switch {
		case errno == 0:
			done, tries = done+n, 0
		case errno == unix.EAGAIN:
			s.metrics.full.Add(float64(s.count - done))
			return
		case errno == unix.ENOBUFS:
			s.metrics.full.Inc()
			done, tries = done+1, 0
		case tries == 0, errno == unix.ECONNREFUSED && tries < mostRefused:
			tries++
		default:
			s.metrics.other.Inc()
			done, tries = done+1, 0
		}
	}
}

// hand gives the messages from done on to the kernel and returns how many it took.
// The thread keeps its P meanwhile: after a call that gave it away it would have to
// wait for another, behind the encoders. Nothing blocks here.
func (s *sender) hand(fd uintptr, done int) (int, unix.Errno) {
	if s.count-done == 1 {
		h := &s.headers[done]
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd,
			uintptr(unsafe.Pointer(h.Iov.Base)), uintptr(h.Iov.Len), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL,
			uintptr(unsafe.Pointer(h.Name)), uintptr(h.Namelen))
		return 1, errno
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd,
		uintptr(unsafe.Pointer(&s.headers[done])), uintptr(s.count-done), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}
