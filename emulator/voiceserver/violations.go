package voiceserver

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"busker/emulator/delivery"
)

// Kind names a rule that a client broke.
type Kind string

// What the server checks, always.
const (
	GatewayVersion  Kind = "gateway version"   // connected with another version than 8
	Undecodable     Kind = "undecodable"       // 4002
	UnknownOpcode   Kind = "unknown opcode"    // 4001
	WrongForm       Kind = "wrong form"        // 4001: JSON for a binary opcode, or the reverse
	NotIdentified   Kind = "not identified"    // 4003
	IdentifiedTwice Kind = "identified twice"  // 4005
	NoHeartbeat     Kind = "no heartbeat"      // for two intervals; the socket was cut
	BadSequence     Kind = "bad sequence"      // a seq_ack the client can not have, or none
	WrongSSRC       Kind = "wrong ssrc"        // op 5 for somebody else
	UnexpectedDAVE  Kind = "unexpected dave"   // DAVE messages without DAVE, or before op 4
	NotSpeaking     Kind = "not speaking"      // audio without an op 5; it was dropped
	PayloadType     Kind = "payload type"      // not 120; it was dropped
	Unreadable      Kind = "unreadable"        // transport decryption failed
	NonceReused     Kind = "nonce reused"      // under one key
	NonceBack       Kind = "nonce back"        // the counter restarted under one key
	SequenceBack    Kind = "sequence back"     // RTP sequence repeated or restarted under one SSRC
	TimestampStep   Kind = "timestamp step"    // not 960 per packet, and no pause to explain it
	Burst           Kind = "burst"             // more than five packets ahead of time
	Malformed       Kind = "malformed padding" // padding or extension longer than the packet

	DAVEPlaintext   Kind = "dave plaintext"    // a frame in the clear under version 1; not for long after an upgrade
	DAVENonceBack   Kind = "dave nonce back"   // a sender's nonce restarted and no op 22 (or id 0) gave it a new key
	DAVENonceReused Kind = "dave nonce reused" // under one key: somebody with the keys saw the frame's nonce before

	InvalidKeyPackage = Kind(delivery.InvalidKeyPackage)
	InvalidCommit     = Kind(delivery.InvalidCommit)
	InlineProposal    = Kind(delivery.InlineProposal)
	MissingPath       = Kind(delivery.MissingPath)
	MissingWelcome    = Kind(delivery.MissingWelcome)
	UnknownTransition = Kind(delivery.UnknownTransition)
	NoReadiness       = Kind(delivery.NoReadiness)
)

// Violation is one broken rule.
type Violation struct {
	Session
	At     time.Time
	Kind   Kind
	Detail string
}

// String returns the violation in one line.
func (v Violation) String() string {
	return fmt.Sprintf("user %d in channel %d: %s: %s", v.User, v.Channel, v.Kind, v.Detail)
}

// violationLimit bounds how many are kept; all are counted.
const violationLimit = 1000

// record is what the server counts and holds against its clients.
type record struct {
	mu         sync.Mutex
	violations []Violation
	kinds      map[Kind]int

	packets, forwarded, heard, dropped, junk, keepalives, discoveries, resumes, replaced, refused atomic.Uint64
}

func (r *record) add(v Violation) {
	v.At = time.Now()
	v.Token = "" // nobody needs it
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kinds == nil {
		r.kinds = make(map[Kind]int)
	}
	r.kinds[v.Kind]++
	if len(r.violations) < violationLimit {
		r.violations = append(r.violations, v)
	}
}

// Violations returns the rules broken so far, oldest first, at most a thousand.
func (s *Server) Violations() []Violation {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return append([]Violation(nil), s.record.violations...)
}

// Stats are counts since the server was made.
type Stats struct {
	Sessions    int          // now
	Packets     uint64       // RTP packets of clients that were let through
	Forwarded   uint64       // packets sent on to clients
	Heard       uint64       // packets handed to listeners
	Dropped     uint64       // RTP packets not let through
	Junk        uint64       // datagrams that were nothing known
	Keepalives  uint64       // answered
	Discoveries uint64       // answered
	Resumes     uint64       // that succeeded
	Replaced    uint64       // sessions that ended because a newer one of the user began
	Refused     uint64       // RTP packets of sessions that had ended, among Dropped
	Violations  map[Kind]int // all, also those no longer listed
}

// Stats returns the counts.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	sessions := len(s.sessions)
	s.mu.Unlock()
	r := &s.record
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{
		Sessions:    sessions,
		Packets:     r.packets.Load(),
		Forwarded:   r.forwarded.Load(),
		Heard:       r.heard.Load(),
		Dropped:     r.dropped.Load(),
		Junk:        r.junk.Load(),
		Keepalives:  r.keepalives.Load(),
		Discoveries: r.discoveries.Load(),
		Resumes:     r.resumes.Load(),
		Replaced:    r.replaced.Load(),
		Refused:     r.refused.Load(),
		Violations:  maps.Clone(r.kinds),
	}
}
