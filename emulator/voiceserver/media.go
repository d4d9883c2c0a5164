package voiceserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"busker/emulator/listen"
)

// datagramBytes holds the largest datagram worth reading: an Ethernet frame.
const datagramBytes = 2048

// readUDP is the media path: one goroutine for everything that arrives at a port.
func (s *Server) readUDP(ctx context.Context, port *net.UDPConn) error {
	var b [datagramBytes]byte
	oob := make([]byte, 128)
	for ctx.Err() == nil {
		n, oobn, _, from, err := port.ReadMsgUDPAddrPort(b[:], oob)
		if errors.Is(err, net.ErrClosed) {
			continue // Run closed it when ctx ended
		}
		if err != nil {
			return fmt.Errorf("read the voice port: %w", err)
		}
		s.datagram(port, b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), arrival(oob[:oobn]))
	}
	return nil
}

// datagram sorts what arrived; it borrows b.
func (s *Server) datagram(port *net.UDPConn, b []byte, from netip.AddrPort, at time.Time) {
	if ssrc, ok := parseDiscovery(b); ok {
		s.discover(port, ssrc, from)
		return
	}
	if answer, ok := keepalive(b); ok {
		if s.pathDead(from) {
			return
		}
		s.record.keepalives.Add(1)
		write(port, answer, from)
		return
	}
	if h, ok := parseHeader(b); ok {
		s.rtp(h, b, from, at)
		return
	}
	s.record.junk.Add(1)
}

// discover answers an IP discovery.
func (s *Server) discover(port *net.UDPConn, ssrc uint32, from netip.AddrPort) {
	live := s.route(ssrc)
	if live == nil || live.deaf(from) || s.faults.losesDiscovery(live.Guild) {
		return
	}
	live.remote.Store(&from)
	s.record.discoveries.Add(1)
	write(port, discovered(ssrc, from), from)
}

// pathDead reports whether a test killed the path of the session that sends from there.
func (s *Server) pathDead(from netip.AddrPort) (dead bool) {
	if !s.deadPaths.Load() {
		return false
	}
	s.routes.Range(func(_, v any) bool {
		live := v.(*session)
		dead = live != nil && live.deaf(from)
		return !dead
	})
	return dead
}

func (s *Server) route(ssrc uint32) *session {
	v, ok := s.routes.Load(ssrc)
	if !ok {
		return nil
	}
	return v.(*session)
}

// rtp decrypts a client's packet, checks it and lets it through.
func (s *Server) rtp(h header, packet []byte, from netip.AddrPort, at time.Time) {
	live := s.route(h.ssrc)
	if live == nil {
		s.record.dropped.Add(1)
		if v, ok := s.gone.Load(h.ssrc); ok {
			s.refuse(v.(*session), at)
		}
		return
	}
	if live.deaf(from) || s.faults.losesDatagram(live.Guild) {
		s.record.dropped.Add(1)
		return
	}
	live.stream.mu.Lock()
	defer live.stream.mu.Unlock()
	if live.stream.over { // in this moment
		s.record.dropped.Add(1)
		s.refuse(live, at)
		return
	}
	p, ok := s.receive(live, h, packet, at)
	if !ok {
		s.record.dropped.Add(1)
		return
	}
	if known := live.remote.Load(); known == nil || *known != from {
		live.remote.Store(&from) // the client's NAT gave it another port
	}
	if _, spoke := live.spokenFlags(); !spoke {
		s.holdBack(live, p)
		return
	}
	s.releaseHeld(live) // if op 5 came between
	s.pass(live, p)
}

// received is a client's packet, decrypted.
type received struct {
	header  header
	clear   []byte // header bytes, CSRCs and head of the extension
	body    []byte // as decrypted: extension, payload, padding
	payload []byte // the media in it
	at      time.Time
}

// receive decrypts a packet and checks its nonce. The session's stream is locked.
func (s *Server) receive(live *session, h header, packet []byte, at time.Time) (received, bool) {
	t := live.transport.Load()
	if t == nil {
		s.violate(live, Unreadable, "before the session description")
		return received{}, false
	}
	body, err := t.open(live.stream.room[:0], packet, h.size)
	if err != nil {
		s.violate(live, Unreadable, err.Error())
		return received{}, false
	}
	if kind := t.in.add([suffixBytes]byte(packet[len(packet)-suffixBytes:])); kind != "" {
		s.violate(live, kind, fmt.Sprintf("suffix % x at sequence %d", packet[len(packet)-suffixBytes:], h.sequence))
	}
	if h.payloadType != payloadOpus {
		s.violate(live, PayloadType, fmt.Sprintf("%d", h.payloadType))
		return received{}, false
	}
	payload, ok := h.media(body)
	if !ok {
		s.violate(live, Malformed, fmt.Sprintf("at sequence %d", h.sequence))
		return received{}, false
	}
	return received{h, packet[:h.size], body, payload, at}, true
}

// pass checks the numbering of a packet and gives it to the call. The session's
// stream is locked.
func (s *Server) pass(live *session, p received) {
	s.record.packets.Add(1)
	for _, v := range live.stream.check(p.header, p.at) {
		s.violate(live, v.Kind, v.Detail)
	}
	s.checkDAVE(live, p)
	if c := live.call.Load(); c != nil && !s.silenced(live.Guild, live.User) {
		s.deliver(c, live, listen.Packet{Speaker: live.User}, p)
	}
}

// deliver hands a packet to everybody in the call but its sender, who is nil for
// a simulated member. What the listeners get begins as heard.
func (s *Server) deliver(c *call, from *session, heard listen.Packet, p received) {
	to := c.audience.Load()
	_, sealed := daveNonce(p.payload)
	var room [datagramBytes]byte
	for _, m := range to.sessions {
		t, addr := m.transport.Load(), m.remote.Load()
		if m == from || t == nil || addr == nil || m.deaf(*addr) {
			continue
		}
		if sealed && m.maxDAVE == 0 {
			continue // it could make nothing of it
		}
		s.record.forwarded.Add(1)
		write(s.port(m.ssrc), t.seal(room[:0], p.clear, p.body), *addr)
	}
	heard.SSRC, heard.Sequence, heard.Timestamp = p.header.ssrc, p.header.sequence, p.header.timestamp
	heard.Payload, heard.Arrival = p.payload, p.at
	for _, listener := range to.people {
		if listener.user != heard.Speaker {
			s.record.heard.Add(1)
			listener.hear(heard)
		}
	}
}

func write(port *net.UDPConn, b []byte, to netip.AddrPort) {
	_, _ = port.WriteToUDPAddrPort(b, to) // a lost datagram is a datagram lost
}

func (s *Server) violate(live *session, kind Kind, detail string) {
	s.record.add(Violation{Session: live.Session, Kind: kind, Detail: detail})
}
