package udp

import (
	"net/netip"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// socket is a UDP socket and the streams that share it.
type socket struct {
	*carrier
	number    uint32 // by which batches are sorted
	v6        bool   // the kind of address it reaches
	connected bool   // to the remote of its one stream
	refused   prometheus.Counter

	mu      sync.Mutex
	streams map[netip.AddrPort]*Stream
	gone    bool // bereaved
}

func newSocket(remote netip.AddrPort, connected bool, number uint32, m *Metrics) (*socket, error) {
	carrier, err := newCarrier(remote, connected)
	if err != nil {
		return nil, err
	}
	return &socket{
		carrier: carrier, number: number, v6: remote.Addr().Is6(), connected: connected,
		refused: m.refused,
		streams: make(map[netip.AddrPort]*Stream),
	}, nil
}

// admit gives a stream a place unless there is none for it.
func (s *socket) admit(stream *Stream, share int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || len(s.streams) >= share || s.streams[stream.remote] != nil || s.v6 != stream.remote.Addr().Is6() {
		return false
	}
	s.streams[stream.remote] = stream
	stream.socket = s
	return true
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
