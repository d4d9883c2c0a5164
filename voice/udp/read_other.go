//go:build !linux

package udp

import (
	"errors"
	"net"
)

// shareable is false: only a connected socket tells that its remote refuses.
const shareable = false

// read serves the socket until it is closed, and returns the error that says so.
func (s *socket) read() error {
	var b [1500]byte
	remote := s.conn.RemoteAddr().(*net.UDPAddr).AddrPort()
	for {
		n, err := s.conn.Read(b[:])
		to := s.from(remote)
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case to == nil:
		case err == nil:
			to.Heard(b[:n])
		default:
			s.refused.Inc()
			to.Refused()
		}
	}
}
