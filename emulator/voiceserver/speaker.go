package voiceserver

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"busker/audio"
	"busker/emulator/listen"
	"busker/internal/snowflake"
)

// Speaker is a simulated member who talks. Methods may be called concurrently.
type Speaker struct {
	server *Server
	call   *call
	user   snowflake.ID
	ssrc   uint32
	spoke  bool // guarded by Server.mu

	mu        sync.Mutex
	begun     bool
	closed    bool
	sequence  uint16
	timestamp uint32
}

// AddSpeaker puts a simulated member into a channel who can talk there.
func (s *Server) AddSpeaker(guild, channel, user snowflake.ID) *Speaker {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.call(guild, channel)
	p := &Speaker{
		server: s, call: c, user: user, ssrc: s.freeSSRC(),
		sequence: uint16(rand.Uint32()), timestamp: rand.Uint32(),
	}
	s.routes.Store(p.ssrc, (*session)(nil)) // taken
	if !slices.Contains(c.users(), user) {
		c.announce(user)
	}
	c.speakers[p] = struct{}{}
	return p
}

// Send makes everybody in the channel hear one Opus packet of 20 ms, now: the
// caller keeps the pace. After Close it does nothing.
func (p *Speaker) Send(packet []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if !p.begun {
		p.begun = true
		p.begin()
	}
	p.sequence++
	p.timestamp += uint32(audio.FrameSamples)
	clear := p.header()
	h, _ := parseHeader(clear)
	p.server.deliver(p.call, nil, listen.Packet{Speaker: p.user}, received{h, clear, packet, packet, time.Now()})
}

// begin tells everybody that the member speaks.
func (p *Speaker) begin() {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.spoke = true
	for m := range p.call.members {
		m.send(opSpeaking, spoken(p.user, p.ssrc, 1))
	}
}

func (p *Speaker) header() []byte {
	b := []byte{0x80, payloadOpus}
	b = binary.BigEndian.AppendUint16(b, p.sequence)
	b = binary.BigEndian.AppendUint32(b, p.timestamp)
	return binary.BigEndian.AppendUint32(b, p.ssrc)
}

// Close takes the member out of the channel. It may be called twice.
func (p *Speaker) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	delete(p.call.speakers, p)
	p.server.routes.Delete(p.ssrc)
	p.call.gone(p.user)
	p.server.tidy(p.call)
}
