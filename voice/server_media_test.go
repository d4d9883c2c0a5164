package voice_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"busker/voice/rtp"
)

// media is the UDP side.
func (s *server) media(udp *net.UDPConn) {
	b := make([]byte, 2000)
	for {
		n, from, err := udp.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		s.datagram(udp, slices.Clone(b[:n]), netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
	}
}

func (s *server) datagram(udp *net.UDPConn, b []byte, from netip.AddrPort) {
	if ssrc, ok := rtp.ParseDiscovery(b); ok {
		lost := false
		s.do(func() {
			if lost = s.lose > 0; lost {
				s.lose--
			} else if m := s.bySSRC[ssrc]; m != nil {
				m.external = from
			}
		})
		if !lost {
			_, _ = udp.WriteToUDPAddrPort(rtp.AppendDiscoveryResponse(nil, ssrc, from), from)
		}
		return
	}
	if n, ok := rtp.ParseKeepalive(b); ok {
		s.do(func() {
			for _, m := range s.bySSRC {
				if m.external == from {
					m.keepalives = append(m.keepalives, n)
				}
			}
		})
		return
	}
	s.audio(b)
}

func (s *server) audio(b []byte) {
	h, err := rtp.Parse(b)
	if err != nil {
		s.violate("datagram % x", b)
		return
	}
	s.do(func() {
		m := s.bySSRC[h.SSRC]
		if m == nil || m.opener == nil {
			s.broken = append(s.broken, fmt.Sprintf("audio of SSRC %d before select", h.SSRC))
			return
		}
		_, media, err := m.opener.Open(nil, b)
		if err != nil {
			s.broken = append(s.broken, err.Error())
			return
		}
		suffix, _ := rtp.Suffix(b)
		m.packets = append(m.packets, packet{h, suffix, string(media), time.Now()})
	})
}

// continuous reports every break in a member's counters.
func (s *server) continuous(m *member) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 1; i < len(m.packets); i++ {
		a, b := m.packets[i-1], m.packets[i]
		if b.Sequence != a.Sequence+1 || b.Timestamp != a.Timestamp+960 || b.suffix != a.suffix+1 {
			s.t.Errorf("packet %d: %+v after %+v", i, b, a)
		}
	}
}

func (s *server) closeMedia() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.udp.Close()
}
