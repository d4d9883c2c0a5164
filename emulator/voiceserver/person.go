package voiceserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"busker/emulator/delivery"
	"busker/emulator/listen"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// person is a simulated member of a call, who listens, speaks or both. In an
// encrypted call he is a member of the group like any client: what he is told and
// what he hears is worked off in its order, away from the server's lock.
type person struct {
	server   *Server
	call     *call
	user     snowflake.ID
	speakers map[*Speaker]struct{} // guarded by Server.mu
	seat     *delivery.Seat        // guarded by Server.mu; nil in a call without DAVE
	gone     bool                  // guarded by Server.mu
	ear      atomic.Pointer[ear]
	session  atomic.Pointer[dave.Session] // nil: he knows no DAVE

	untold atomic.Int64 // messages not dealt with

	mu      sync.Mutex
	errands []errand
	busy    bool // somebody works the errands off

	// Of whoever is busy:
	heard map[snowflake.ID]bool // speakers he could decrypt
	room  []byte                // for the packet being decrypted

	voice sync.Mutex // held while he seals what he says
}

// errand is one message or one packet that a person has to deal with.
type errand struct {
	frame  signal.Frame
	packet *listen.Packet // instead of a frame
}

// mediaLimit bounds how many packets wait for a person: ten seconds of one speaker.
// More means that the machine can not keep up.
const mediaLimit = 500

// person returns the person a user is in a channel, who comes in if he was not
// there. s.mu is held.
func (s *Server) person(guild, channel, user snowflake.ID) *person {
	c := s.call(guild, channel)
	if p := c.people[user]; p != nil {
		return p
	}
	p := &person{
		server: s, call: c, user: user,
		speakers: make(map[*Speaker]struct{}), heard: make(map[snowflake.ID]bool),
	}
	users := c.users()
	c.announceLate(user, s.faults.connectsLate(guild))
	c.people[user] = p
	if c.service != nil {
		s.seat(p, users)
	}
	return p
}

// seat brings a person into the key agreement of a call where others are. s.mu is held.
func (s *Server) seat(p *person, others []snowflake.ID) {
	newest := delivery.Version
	if s.withoutDAVE[p.user] && !s.requiresDAVE(p.call.key.guild, p.call.key.channel) {
		newest = 0
	}
	if newest > 0 {
		p.session.Store(dave.NewSession(dave.Options{
			User: p.user, Key: s.keyOf(p.user),
			Channel: func() snowflake.ID { return p.call.key.channel },
			Logger:  s.log.With("member", p.user),
		}))
	}
	if len(others) > 0 {
		p.tell(opClientsConnect, map[string]any{"user_ids": others})
	}
	p.seat = p.call.service.Join(p, p.user, newest, func(version int) {
		p.tell(opSessionDescription, map[string]int{"dave_protocol_version": version})
	})
}

// dismiss takes a person out who neither listens nor speaks any more. s.mu is held.
func (s *Server) dismiss(p *person) {
	p.call.changed()
	if p.ear.Load() != nil || len(p.speakers) > 0 || p.gone {
		return
	}
	p.gone = true
	delete(p.call.people, p.user)
	p.call.gone(p.user)
	p.call.unseat(p.seat)
	s.tidy(p.call)
}

// WithoutDAVE makes the clients of a user ignorant of DAVE when he enters a call as a
// listener or speaker from now on. Calls that require DAVE take no notice.
func (s *Server) WithoutDAVE(user snowflake.ID) {
	s.mu.Lock()
	defer s.unlock()
	s.withoutDAVE[user] = true
}

// tell gives a person a JSON message to deal with.
func (p *person) tell(op opcode, d any) {
	if p.session.Load() == nil {
		return
	}
	data, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("voiceserver: encode op %d: %v", op, err)) // only our own types come here
	}
	p.add(errand{frame: signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Data: data}})
}

// SendJSON is delivery.Member.
func (p *person) SendJSON(op delivery.Op, d any) { p.tell(opcode(op), d) }

// SendBinary is delivery.Member.
func (p *person) SendBinary(op delivery.Op, payload []byte) {
	p.add(errand{frame: signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Binary: true, Data: payload}})
}

// Executed is delivery.Member.
func (p *person) Executed(int, bool) {}

// Near is delivery.Near.
func (p *person) Near() {}

// add queues a message and sees to it that somebody deals with it.
func (p *person) add(e errand) {
	p.untold.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errands = append(p.errands, e)
	if !p.busy {
		p.busy = true
		p.server.errands.add(p)
	}
}

// hear takes a packet; when nothing came before it, at once.
func (p *person) hear(packet listen.Packet) {
	if p.call.service == nil {
		p.pass(packet)
		return
	}
	p.mu.Lock()
	if p.busy {
		if len(p.errands) < mediaLimit {
			packet.Payload = bytes.Clone(packet.Payload)
			p.errands = append(p.errands, errand{packet: &packet})
		} else {
			p.server.record.dropped.Add(1)
		}
		p.mu.Unlock()
		return
	}
	p.busy = true
	p.mu.Unlock()
	p.open(packet)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy = len(p.errands) > 0; p.busy {
		p.server.errands.add(p)
	}
}

// work does the errands that wait.
func (p *person) work(ctx context.Context) {
	for {
		p.mu.Lock()
		list := p.errands
		p.errands = nil
		if len(list) == 0 || ctx.Err() != nil {
			p.busy = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		p.workOff(ctx, list)
	}
}

func (p *person) workOff(ctx context.Context, list []errand) {
	messages := 0
	for _, e := range list {
		if e.packet == nil {
			messages++
		}
	}
	for _, e := range merged(list) {
		if e.packet != nil {
			p.open(*e.packet)
		} else {
			p.handle(ctx, e.frame)
		}
	}
	if messages > 0 && p.untold.Add(-int64(messages)) == 0 {
		p.server.spread()
	}
}

// merged puts proposals that wait together into one message, as the server could have
// done: when many come at once, making a commit for each of them is wasted work.
func merged(list []errand) []errand {
	var out []errand
	for _, e := range list {
		if n := len(out); n > 0 && e.appends() && out[n-1].appends() {
			out[n-1].frame.Data = joined(out[n-1].frame.Data, e.frame.Data)
			continue
		}
		out = append(out, e)
	}
	return out
}

// appends reports whether the errand is an op 27 with new proposals.
func (e errand) appends() bool {
	return e.packet == nil && e.frame.Op == signal.OpMLSProposals && len(e.frame.Data) > 0 && e.frame.Data[0] == 0
}

// joined is one op 27 for two.
func joined(a, b []byte) []byte {
	first, _, err := mls.ReadVector(a[1:])
	if err != nil {
		return a // the server made it, so this does not happen
	}
	second, _, err := mls.ReadVector(b[1:])
	if err != nil {
		return a
	}
	return mls.AppendVector([]byte{0}, slices.Concat(first, second))
}

// handle lets the person's session deal with a message.
func (p *person) handle(ctx context.Context, f signal.Frame) {
	session := p.session.Load()
	if session == nil {
		return
	}
	p.forget(f)
	if err := session.HandleDAVE(ctx, p, f); err != nil {
		p.server.log.Info("a simulated member has to join again", "user", p.user, "error", err)
		p.server.reseat(p)
	}
}

// forget notes whose frames the person can not be expected to decrypt any more.
func (p *person) forget(f signal.Frame) {
	switch opcode(f.Op) {
	case opClientDisconnect:
		var d struct {
			User snowflake.ID `json:"user_id"`
		}
		if json.Unmarshal(f.Data, &d) == nil {
			delete(p.heard, d.User)
		}
	case opPrepareEpoch, opSessionDescription:
		clear(p.heard)
	}
}

// reseat is the full rejoin of a person whose session gave up.
func (s *Server) reseat(p *person) {
	s.mu.Lock()
	defer s.unlock()
	if !p.gone && !s.closing {
		p.call.unseat(p.seat)
		s.seat(p, p.call.users())
	}
}

// open decrypts a packet and hands it to the listener.
func (p *person) open(packet listen.Packet) {
	session := p.session.Load()
	if session == nil {
		if _, sealed := daveNonce(packet.Payload); !sealed { // Discord keeps them from who can not use them
			p.pass(packet)
		}
		return
	}
	media, err := session.OpenFrame(p.room[:0], packet.Speaker, packet.Payload)
	p.room = media[:0]
	switch {
	case err == nil && len(media) < len(packet.Payload):
		p.heard[packet.Speaker] = true
		packet.Payload, packet.Sealed = media, listen.Opened
		now := session.Status()
		packet.Epoch, packet.Code = now.Epoch, now.PrivacyCode
	case err == nil || string(packet.Payload) == opus.SilenceFrame:
		packet.Sealed = listen.Plain
	case p.heard[packet.Speaker]:
		packet.Sealed = listen.Undecryptable
	default:
		packet.Sealed = listen.TooEarly
	}
	if errors.Is(err, dave.ErrReplay) {
		v := Session{Guild: p.call.key.guild, Channel: p.call.key.channel, User: packet.Speaker}
		p.server.record.add(Violation{Session: v, Kind: DAVENonceReused, Detail: fmt.Sprintf("sequence %d", packet.Sequence)})
	}
	p.pass(packet)
}

func (p *person) pass(packet listen.Packet) {
	if e := p.ear.Load(); e != nil {
		e.hear(packet)
	}
}

// seal encrypts what the person says; ok is false while there is no key.
func (p *person) seal(packet []byte) (frame []byte, ok bool) {
	session := p.session.Load()
	if session == nil {
		return packet, true
	}
	p.voice.Lock()
	defer p.voice.Unlock()
	frame, err := session.SealFrame(nil, packet)
	return frame, err == nil
}

// WriteText is signal.Writer: what the person's session says goes to the call.
func (p *person) WriteText(_ context.Context, op signal.Op, d any) error {
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode op %d: %w", op, err)
	}
	p.server.answer(p, frame{op: opcode(op), data: data})
	return nil
}

// WriteBinary is signal.Writer.
func (p *person) WriteBinary(_ context.Context, op signal.Op, payload []byte) error {
	p.server.answer(p, frame{op: opcode(op), binary: payload, isBin: true})
	return nil
}

// answer brings what a person says to his call.
func (s *Server) answer(p *person, f frame) {
	s.mu.Lock()
	defer s.unlock()
	if !p.gone && p.seat != nil {
		_ = p.call.takeDAVE(p.seat, f) // it is well-formed
	}
}
