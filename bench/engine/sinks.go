package engine

import (
	"net"
	"net/netip"

	"busker/voice/udp"
)

// sinks are addresses on this machine that take packets and forget them: as many as
// streams share a socket, because no two of those may have one remote.
type sinks struct{ conns []*net.UDPConn }

func openSinks() (*sinks, error) {
	s := &sinks{}
	for range udp.DefaultShare {
		c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
		if err != nil {
			s.close()
			return nil, err
		}
		_ = c.SetReadBuffer(1) // nobody reads: the system takes its smallest
		s.conns = append(s.conns, c)
	}
	return s, nil
}

func (s *sinks) remote(n int) netip.AddrPort {
	return s.conns[n%len(s.conns)].LocalAddr().(*net.UDPAddr).AddrPort()
}

func (s *sinks) close() {
	for _, c := range s.conns {
		_ = c.Close() // nothing was written
	}
}
