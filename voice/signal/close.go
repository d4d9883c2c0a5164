package signal

import (
	"errors"
	"fmt"
	"time"
)

// Reaction is what to do about a lost socket.
type Reaction uint8

// The reactions, from the mildest on.
const (
	// Resume the session on a new socket; rejoin when that fails.
	Resume Reaction = iota + 1
	// Rejoin: throw the session away and ask the main gateway for a new one (op 4).
	Rejoin
	// Follow: the main gateway says where to, if anywhere; wait for it.
	Follow
	// Stop: nothing a client can do will help.
	Stop
)

var reactionNames = [...]string{"none", "resume", "rejoin", "follow", "stop"}

// String returns the reaction as a metric label.
func (r Reaction) String() string {
	if int(r) < len(reactionNames) {
		return reactionNames[r]
	}
	return reactionNames[0]
}

// Rule says what a close code means and what it asks for.
type Rule struct {
	Reaction Reaction
	Limit    int           // rejoins after this code before giving up; 0: only the usual number counts
	Wait     time.Duration // at least this long before a rejoin; 0: the usual backoff
	OurBug   bool          // the server found fault with what we sent: worth a look
	Meaning  string
}

// CodeAbnormal is the code of a socket that ended without a close frame (RFC 6455 §7.4.1).
const CodeAbnormal = 1006

// rules are the codes of Discord's voice gateway. Codes below 4000 are the
// network's, and a resume answers them all.
var rules = map[int]Rule{
	4000: {Reaction: Rejoin, Meaning: "internal error"},
	4001: {Reaction: Rejoin, OurBug: true, Meaning: "unknown opcode"},
	4002: {Reaction: Rejoin, OurBug: true, Limit: 3, Meaning: "payload could not be decoded"},
	4003: {Reaction: Rejoin, OurBug: true, Meaning: "sent before identifying"},
	4004: {Reaction: Rejoin, Limit: 2, Meaning: "voice token refused"},
	4005: {Reaction: Rejoin, OurBug: true, Meaning: "identified twice"},
	4006: {Reaction: Rejoin, Meaning: "session no longer valid"},
	4009: {Reaction: Rejoin, Meaning: "session timed out"},
	4011: {Reaction: Rejoin, Meaning: "voice server not found"},
	4012: {Reaction: Rejoin, OurBug: true, Limit: 1, Meaning: "unknown protocol"},
	4013: {Reaction: Resume, Meaning: "media connection crashed"},
	4014: {Reaction: Follow, Meaning: "disconnected or moved"},
	4015: {Reaction: Resume, Meaning: "voice server crashed"},
	4016: {Reaction: Stop, OurBug: true, Meaning: "unknown encryption mode"},
	4017: {Reaction: Stop, Meaning: "end-to-end encryption required"},
	4020: {Reaction: Rejoin, OurBug: true, Limit: 3, Meaning: "bad request"},
	4021: {Reaction: Rejoin, Wait: 60 * time.Second, Meaning: "rate limited"},
	4022: {Reaction: Follow, Meaning: "call terminated"},
}

// RuleFor returns the rule of a close code. Codes nobody documented get a rejoin.
func RuleFor(code int) Rule {
	if rule, ok := rules[code]; ok {
		return rule
	}
	if code < 4000 {
		return Rule{Reaction: Resume, Meaning: "connection lost"}
	}
	return Rule{Reaction: Rejoin, Meaning: "unknown close code"}
}

// Known reports whether a close code has a rule of its own.
func Known(code int) bool { _, ok := rules[code]; return ok }

// Closed is the error of a socket that ended, by either side.
type Closed struct {
	Code   int    // CodeAbnormal when no close frame came
	Reason string // the server's words
	Err    error  // what the socket said
}

func (e *Closed) Error() string {
	s := fmt.Sprintf("voice gateway closed with %d, %s", e.Code, RuleFor(e.Code).Meaning)
	if e.Reason != "" {
		s += fmt.Sprintf(" (%q)", e.Reason)
	}
	if e.Code == CodeAbnormal && e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns what the socket said.
func (e *Closed) Unwrap() error { return e.Err }

// ErrZombie says that the server stopped acknowledging heartbeats.
var ErrZombie = errors.New("no answer to the last heartbeat")

// ErrEncryption says that end-to-end encryption needs a new session.
var ErrEncryption = errors.New("end-to-end encryption")

// React returns the rule for the error a Run ended with: the one of its close code,
// Resume for a dead socket, and Rejoin for everything else.
func React(err error) Rule {
	var closed *Closed
	switch {
	case errors.As(err, &closed):
		return RuleFor(closed.Code)
	case errors.Is(err, ErrZombie):
		return Rule{Reaction: Resume, Meaning: "heartbeats unanswered"}
	}
	return Rule{Reaction: Rejoin, Meaning: "handshake broken off"}
}
