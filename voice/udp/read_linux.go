package udp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// shareable says that the system can tell whose datagram met nobody: its error queue
// keeps the address it was for.
const shareable = true

const (
	datagramBytes = 1500 // of an Ethernet frame; voice servers send less
	controlBytes  = 512  // of an error's control messages
	maxFailed     = 64   // reads in one go: what does not work will not work better
)

// prepare has the socket keep errors for us, with the address they belong to.
func prepare(raw syscall.RawConn, v6 bool) (err error) {
	level, option := unix.IPPROTO_IP, unix.IP_RECVERR
	if v6 {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVERR
	}
	if e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, 1) }); e != nil {
		return e
	}
	if err != nil {
		return fmt.Errorf("ask a socket for its errors: %w", err)
	}
	return nil
}

// reader empties a socket into the receivers of its streams.
type reader struct {
	socket  *socket
	data    [datagramBytes]byte
	control [controlBytes]byte
	events  [1]unix.EpollEvent
}

// read serves the socket until it is closed, and returns the error that says so.
func (s *socket) read() error {
	r := reader{socket: s}
	for {
		err := s.news.Read(func(epoll uintptr) bool { return r.look(int(epoll)) })
		if err == nil {
			err = s.raw.Control(func(fd uintptr) { r.drain(int(fd)) })
		}
		if err != nil {
			return err
		}
	}
}

// look reports whether there is something to read, and takes note of it.
func (r *reader) look(epoll int) bool {
	n, _ := unix.EpollWait(epoll, r.events[:], 0)
	return n > 0
}

// drain reads all there is: datagrams, and errors.
func (r *reader) drain(fd int) {
	for failed := 0; failed < maxFailed; {
		err := r.datagram(fd)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil { // those of the error queue show here too, each once
			failed++
		}
	}
	for r.refusal(fd) {
	}
}

// datagram reads one datagram.
func (r *reader) datagram(fd int) error {
	n, from, err := unix.Recvfrom(fd, r.data[:], unix.MSG_DONTWAIT)
	if err != nil {
		return err
	}
	if to := r.socket.from(addrPort(from)); to != nil {
		to.Heard(r.data[:n])
	}
	return nil
}

// refusal reads one error, and reports whether there may be more.
func (r *reader) refusal(fd int) bool {
	_, n, _, remote, err := unix.Recvmsg(fd, r.data[:], r.control[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err != nil {
		return errors.Is(err, unix.EINTR)
	}
	if !refused(r.control[:n]) {
		return true
	}
	if to := r.socket.from(addrPort(remote)); to != nil {
		r.socket.refused.Inc()
		to.Refused()
	}
	return true
}

// refused reports whether control messages say that a remote host has nobody at the
// port. All else that goes wrong on the way may pass. The message begins with
//
//	0         4           5         sock_extended_err of <linux/errqueue.h>, host order
//	errno u32 | origin u8 | …       origin 2 is ICMP, 3 is ICMPv6
func refused(control []byte) bool {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return false
	}
	for _, m := range messages {
		if len(m.Data) < 5 || m.Data[4] != unix.SO_EE_ORIGIN_ICMP && m.Data[4] != unix.SO_EE_ORIGIN_ICMP6 {
			continue
		}
		if unix.Errno(binary.NativeEndian.Uint32(m.Data)) == unix.ECONNREFUSED {
			return true
		}
	}
	return false
}

// addrPort translates a socket's address; zones are none of our remotes'.
func addrPort(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}
