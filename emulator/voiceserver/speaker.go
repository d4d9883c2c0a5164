package voiceserver

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"busker/audio"
	"busker/emulator/listen"
	"busker/internal/snowflake"
)

// Speaker is a simulated member who talks. Methods may be called concurrently.
type Speaker struct {
	server *Server
	person *person
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
	defer s.unlock()
	p := &Speaker{
		server: s, person: s.person(guild, channel, user), ssrc: s.freeSSRC(),
		sequence: uint16(rand.Uint32()), timestamp: rand.Uint32(),
	}
	s.routes.Store(p.ssrc, (*session)(nil)) // taken
	p.person.speakers[p] = struct{}{}
	return p
}

// Settled is closed once it is known how the member sends: under a key, in the
// clear because the call is not encrypted, or not at all because he is alone.
func (p *Speaker) Settled() <-chan struct{} {
	if session := p.person.session.Load(); session != nil {
		return session.Settled()
	}
	settled := make(chan struct{})
	close(settled)
	return settled
}

// Send makes everybody in the channel hear one Opus packet of 20 ms, now: the
// caller keeps the pace. While an encrypted call has no key for the member yet, or
// nobody else is there, the packet's time passes and nobody hears it. After Close
// it does nothing.
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
	frame, ok := p.person.seal(packet)
	if !ok {
		return
	}
	clear := p.header()
	h, _ := parseHeader(clear)
	p.server.deliver(p.person.call, nil, listen.Packet{Speaker: p.person.user}, received{h, clear, frame, frame, time.Now()})
}

// begin tells everybody that the member speaks.
func (p *Speaker) begin() {
	p.server.mu.Lock()
	defer p.server.unlock()
	p.spoke = true
	for m := range p.person.call.members {
		m.send(opSpeaking, spoken(p.person.user, p.ssrc, 1))
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
	defer p.server.unlock()
	delete(p.person.speakers, p)
	p.server.routes.Delete(p.ssrc)
	p.server.dismiss(p.person)
}
