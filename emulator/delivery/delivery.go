// Package delivery is the server's half of DAVE for one call: the MLS delivery
// service, which proposes who is added and removed and picks one commit per epoch,
// and the coordinator of the transitions by which everybody changes keys together.
//
// It knows clear structures only and never holds a secret of the group. It is pure:
// no sockets, no goroutines, members through an interface, time through Options.
// A Call is not safe for concurrent use: everything, its timers included, happens
// under one lock of the owner. Section numbers are those of the voice reference.
package delivery

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// Version is the newest protocol version imitated.
const Version = 1

// Op is an opcode of the voice gateway.
type Op byte

// What the service says and hears (reference 2.2).
const (
	OpPrepareTransition Op = 21
	OpExecuteTransition Op = 22
	OpTransitionReady   Op = 23 // from clients
	OpPrepareEpoch      Op = 24
	OpExternalSender    Op = 25 // binary
	OpKeyPackage        Op = 26 // binary, from clients
	OpProposals         Op = 27 // binary
	OpCommitWelcome     Op = 28 // binary, from clients
	OpAnnounceCommit    Op = 29 // binary
	OpWelcome           Op = 30 // binary
	OpInvalidCommit     Op = 31 // from clients
)

// The content of the messages in JSON.
type (
	// PrepareTransition is op 21.
	PrepareTransition struct {
		ID      uint16 `json:"transition_id"`
		Version int    `json:"protocol_version"`
	}
	// Transition is op 22, and what clients send with ops 23 and 31.
	Transition struct {
		ID uint16 `json:"transition_id"`
	}
	// PrepareEpoch is op 24.
	PrepareEpoch struct {
		Epoch   uint64 `json:"epoch"`
		Version int    `json:"protocol_version"`
	}
)

// Rule names what a client broke.
type Rule string

// The rules.
const (
	InvalidKeyPackage Rule = "invalid key package"
	InvalidCommit     Rule = "invalid commit"
	InlineProposal    Rule = "inline proposal"    // commits must refer to proposals
	MissingPath       Rule = "missing path"       // in a commit that removes somebody
	MissingWelcome    Rule = "missing welcome"    // of a commit that adds somebody
	UnknownTransition Rule = "unknown transition" // an op 23 for an id never announced, or twice
	NoReadiness       Rule = "no readiness"       // no op 23 for a transition before what only comes after it
)

// Member is a voice session as the call sees it. Its methods must not call back.
type Member interface {
	// SendJSON tells the client one of this package's JSON messages.
	SendJSON(op Op, d any)
	// SendBinary tells the client a binary message; it may keep the payload.
	SendBinary(op Op, payload []byte)
	// Executed says that the client was told to send in a version from now on; fresh
	// means under a key it has not used before.
	Executed(version int, fresh bool)
}

// Near is a Member without a network in between: it hears what the others say at once,
// and is told before them of a new epoch, which with transition id 0 they use at once.
type Near interface{ Near() }

// Options of a Call. Channel and After are required.
type Options struct {
	Channel snowflake.ID // the group id
	// Key signs as the external sender; nil: one is made.
	Key *mls.SignatureKey
	// After calls f once, d from now, under the owner's lock, unless stopped before.
	After func(d time.Duration, f func()) (stop func())
	// Broken hears of broken rules; nil: nobody does.
	Broken func(m *Seat, rule Rule, detail string)
	// Faults are what tests want to go wrong; nil: nothing.
	Faults *Faults
}

// Patience is how long a transition waits for everybody's op 23.
const Patience = 2 * time.Second

// Call is the state of one call's encryption.
type Call struct {
	opts    Options
	group   []byte // id
	sender  []byte // op 25
	version int    // what the call is in or on its way to

	seats       []*Seat // in the order they came
	established bool
	epoch       uint64
	leaves      leaves
	proposals   []*proposal // in flight, in the order they were made
	generation  int         // of all that: proposals of an older one are void

	next        uint16 // transition id
	transitions []*transition
	held        []func() // transitions that faults hold back
}

// New returns a call that nobody is in.
func New(opts Options) (*Call, error) {
	if opts.Key == nil {
		key, err := mls.NewSignatureKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make the external sender's key: %w", err)
		}
		opts.Key = key
	}
	if opts.Faults == nil {
		opts.Faults = new(Faults)
	}
	if opts.Broken == nil {
		opts.Broken = func(*Seat, Rule, string) {}
	}
	sender := mls.ExternalSender{
		SignatureKey: opts.Key.Public(),
		Credential:   mls.Credential{Identity: []byte{0}}, // as in production traces (4.3)
	}
	return &Call{
		opts:    opts,
		group:   binary.BigEndian.AppendUint64(nil, uint64(opts.Channel)),
		sender:  sender.Marshal(),
		version: Version,
		next:    1,
	}, nil
}

// State is a snapshot of a call.
type State struct {
	Version     int
	Established bool
	Epoch       uint64
	Leaves      []snowflake.ID // 0 is a blank one
	Proposals   int            // in flight
	Transitions int            // in flight
	Waiting     []snowflake.ID // members that are not in the group
}

// Has reports whether a user is in the group.
func (s State) Has(user snowflake.ID) bool {
	return slices.Contains(s.Leaves, user) && !slices.Contains(s.Waiting, user)
}

// Settled reports whether there is nothing left to do: all members are in the group
// or one is alone, and no transition is in flight.
func (c *Call) Settled() bool {
	if len(c.transitions) > 0 || len(c.proposals) > 0 && len(c.seats) > 1 {
		return false
	}
	if len(c.seats) == 1 {
		return c.seats[0].alone || c.version == 0
	}
	return c.version == 0 || !slices.ContainsFunc(c.seats, func(m *Seat) bool { return !m.inGroup() })
}

// State returns a snapshot.
func (c *Call) State() State {
	s := State{
		Version: c.version, Established: c.established, Epoch: c.epoch,
		Proposals: len(c.proposals), Transitions: len(c.transitions),
	}
	for _, l := range c.leaves {
		if l == nil {
			s.Leaves = append(s.Leaves, 0)
		} else {
			s.Leaves = append(s.Leaves, l.User)
		}
	}
	for _, m := range c.seats {
		if !m.inGroup() {
			s.Waiting = append(s.Waiting, m.User)
		}
	}
	return s
}
