package voiceserver

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
	"busker/voice/mls"
)

// DAVE is which calls are encrypted end to end.
type DAVE int

// The policies.
const (
	// Required is Discord's: clients without DAVE are closed with 4017, except on
	// stages, where nothing is encrypted.
	Required DAVE = iota
	// Optional downgrades a call while there is a member without DAVE.
	Optional
	// Off encrypts nothing.
	Off
)

// upgradeGrace is how long frames in the clear may still come after a call was
// upgraded: op 22 has to reach the client, which may have to resume first.
const upgradeGrace = 5 * time.Second

func (s *Server) encrypts(guild, channel snowflake.ID) bool {
	return s.opts.DAVE != Off && (s.opts.Stage == nil || !s.opts.Stage(guild, channel))
}

func (s *Server) requiresDAVE(guild, channel snowflake.ID) bool {
	return s.opts.DAVE == Required && s.encrypts(guild, channel)
}

// newService returns the key agreement of a new call, nil if it is not encrypted.
func (s *Server) newService(guild, channel snowflake.ID) *delivery.Call {
	if !s.encrypts(guild, channel) {
		return nil
	}
	service, err := delivery.New(delivery.Options{
		Channel: channel,
		Key:     s.sender,
		After:   s.after,
		Faults:  s.faults.daveOf(guild),
		Broken: func(m *delivery.Seat, rule delivery.Rule, detail string) {
			who := Session{Guild: guild, Channel: channel, User: m.User}
			s.record.add(Violation{Session: who, Kind: Kind(rule), Detail: detail})
		},
	})
	if err != nil {
		panic(fmt.Sprintf("voiceserver: %v", err)) // it only makes keys it is not given
	}
	return service
}

// after calls f under s.mu, d from now, unless stopped (under s.mu) before.
func (s *Server) after(d time.Duration, f func()) (stop func()) {
	stopped := false
	t := time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.unlock()
		if !stopped && !s.closing {
			f()
		}
	})
	return func() {
		stopped = true
		t.Stop()
	}
}

// unlock ends a piece of work under s.mu: sessions that faults struck on the way
// end now.
func (s *Server) unlock() {
	for len(s.struck) > 0 {
		end := s.struck[0]
		s.struck = s.struck[1:]
		end()
	}
	s.mu.Unlock()
	s.spread()
}

// keyOf returns the signature key of a simulated member, always the same. s.mu is held.
func (s *Server) keyOf(user snowflake.ID) *mls.SignatureKey {
	key := s.keys[user]
	if key == nil {
		var err error
		if key, err = mls.NewSignatureKey(rand.Reader); err != nil {
			panic(fmt.Sprintf("voiceserver: make a key: %v", err)) // crypto/rand does not fail
		}
		s.keys[user] = key
	}
	return key
}

// enterCall brings a session into the key agreement of its call, and describes the
// session with the version of that.
func (s *Server) enterCall(live *session, describe func(version int)) {
	s.mu.Lock()
	defer s.unlock()
	c := live.call.Load()
	if c == nil || s.sessions[live.Token] != live {
		describe(0) // dropped meanwhile: nobody will hear it
		return
	}
	if c.service == nil {
		live.plainUntil.Store(math.MaxInt64)
		describe(0)
		return
	}
	c.unseat(live.seat) // it selected a protocol before
	live.seat = c.service.Join(seated{s, live}, live.User, live.maxDAVE, describe)
}

// seated is a session as the key agreement sees it.
type seated struct {
	server *Server
	live   *session
}

// SendJSON is delivery.Member.
func (m seated) SendJSON(op delivery.Op, d any) {
	m.live.send(opcode(op), d)
	m.strike(op)
}

// SendBinary is delivery.Member.
func (m seated) SendBinary(op delivery.Op, payload []byte) {
	if m.server.faults.corrupts(m.live.Session, op) {
		payload = damaged(payload)
	}
	m.live.sendBinary(opcode(op), payload)
	if op == delivery.OpProposals {
		m.live.learnLate()
	}
	m.strike(op)
}

// strike closes the socket if a fault wants it after what was said. s.mu is held,
// and the key agreement in the middle of something, so it happens afterwards.
func (m seated) strike(op delivery.Op) {
	s, live := m.server, m.live
	code := s.faults.at(live.Guild, said[op])
	switch {
	case code == stay:
	case code == cutOff:
		live.cut()
	case resumable(int(code)):
		live.close(code)
	default:
		s.struck = append(s.struck, func() { s.endIfLive(live, code) })
	}
}

// Executed is delivery.Member.
func (m seated) Executed(version int, fresh bool) {
	live := m.live
	switch {
	case version == 0:
		live.plainUntil.Store(math.MaxInt64)
	case live.plainUntil.Load() == math.MaxInt64:
		live.plainUntil.Store(time.Now().Add(upgradeGrace).UnixNano())
	}
	if fresh {
		live.fresh.give(time.Now())
	}
}

// encryption takes the DAVE messages of a client (ops 23, 26, 28, 31).
func (k *socket) encryption(f frame) closeCode {
	if step, ok := heardOps[f.op]; ok {
		if code := k.at(step); code != stay {
			return code
		}
	}
	s := k.server
	s.mu.Lock()
	defer s.unlock()
	c := k.session.call.Load()
	if c == nil || k.session.seat == nil {
		if s.sessions[k.session.Token] == k.session {
			k.violation(UnexpectedDAVE, fmt.Sprintf("op %d", f.op))
		}
		return stay
	}
	if err := c.takeDAVE(k.session.seat, f); err != nil {
		k.violation(Undecodable, fmt.Sprintf("op %d: %v", f.op, err))
		return closeDecode
	}
	return stay
}

// takeDAVE hands a member's message to the key agreement. Server.mu is held.
func (c *call) takeDAVE(seat *delivery.Seat, f frame) error {
	switch f.op {
	case opKeyPackage:
		c.service.KeyPackage(seat, f.binary)
		return nil
	case opCommitWelcome:
		c.service.Commit(seat, f.binary)
		return nil
	}
	var d struct {
		ID *uint16 `json:"transition_id"`
	}
	if err := json.Unmarshal(f.data, &d); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	switch {
	case d.ID == nil:
		return errFrame
	case f.op == opTransitionReady:
		c.service.Ready(seat, *d.ID)
	case f.op == opInvalidCommit:
		c.service.Invalid(seat, *d.ID)
	}
	return nil
}

// Encryption returns the state of a call's key agreement; ok is false where there
// is none.
func (s *Server) Encryption(guild, channel snowflake.ID) (state delivery.State, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[callKey{guild, channel}]
	if c == nil || c.service == nil {
		return state, false
	}
	return c.service.State(), true
}
