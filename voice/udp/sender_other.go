//go:build !linux

package udp

import "net/netip"

// sockaddr is of no use where sockets are connected.
type sockaddr struct{}

func (*sockaddr) set(netip.AddrPort) {}

// sender sends one datagram after the other.
type sender struct{ metrics *Metrics }

func (s *sender) init(m *Metrics) { s.metrics = m }

func (s *sender) send(to *socket, messages []message) {
	for _, m := range messages {
		if m.stream.closed.Load() {
			s.metrics.closed.Inc()
		} else if to.write(m.stream.remote, to.connected, m.datagram) != nil {
			s.metrics.other.Inc()
		}
	}
}
