package udp

import (
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
)

// socket is a UDP socket and the streams that share it.
type socket struct {
	conn      *net.UDPConn
	raw       syscall.RawConn
	number    uint32 // by which batches are sorted
	connected bool   // to the remote of its one stream
	refused   prometheus.Counter

	mu      sync.Mutex
	streams map[netip.AddrPort]*Stream
	gone    bool // bereaved
}

func newSocket(remote netip.AddrPort, connected bool, number uint32, m *Metrics) (*socket, error) {
	conn, err := listenUDP(remote, connected)
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = prepare(raw, remote.Addr().Is6())
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &socket{
		conn: conn, raw: raw, number: number, connected: connected,
		refused: m.refused,
		streams: make(map[netip.AddrPort]*Stream),
	}, nil
}

// admit gives a stream a place unless there is none for it.
func (s *socket) admit(stream *Stream, share int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || len(s.streams) >= share || s.streams[stream.remote] != nil || !s.reaches(stream.remote) {
		return false
	}
	s.streams[stream.remote] = stream
	stream.socket = s
	return true
}

// reaches reports whether remote's kind of address is the socket's.
func (s *socket) reaches(remote netip.AddrPort) bool {
	own, _ := s.conn.LocalAddr().(*net.UDPAddr)
	return own != nil && (own.IP.To4() == nil) == remote.Addr().Is6()
}

// dismiss takes a stream out and reports whether it was the last.
func (s *socket) dismiss(stream *Stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[stream.remote] != stream {
		return false
	}
	delete(s.streams, stream.remote)
	return len(s.streams) == 0
}

// bereave takes all streams out and admits no more.
func (s *socket) bereave() []*Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	left := make([]*Stream, 0, len(s.streams))
	for _, stream := range s.streams {
		left = append(left, stream)
	}
	clear(s.streams)
	return left
}

// from returns the receiver of what comes from remote, nil for strangers.
func (s *socket) from(remote netip.AddrPort) Receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stream := s.streams[remote]; stream != nil {
		return stream.receiver
	}
	return nil
}

func (s *socket) write(remote netip.AddrPort, datagram []byte) (err error) {
	if s.connected {
		_, err = s.conn.Write(datagram)
	} else {
		_, err = s.conn.WriteToUDPAddrPort(datagram, remote)
	}
	return err
}
