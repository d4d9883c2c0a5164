package voiceserver

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
)

// daveFault is a fault in the key agreement of calls.
type daveFault interface{ ofDAVE() }

// DelayExecute holds every op 22 back after it is due.
type DelayExecute struct{ By time.Duration }

// LoseExecute never sends the next Count ops 22.
type LoseExecute struct{ Count int }

// EarlyExecute sends the next Count ops 22 at once, before any op 23.
type EarlyExecute struct{ Count int }

// HoldExecute keeps ops 22 back until Count transitions are in flight, and then sends
// all, in their order or the newest first.
type HoldExecute struct {
	Count   int
	Reverse bool
}

// CommitWinner accepts nobody's commits but those of one user, while he can commit.
type CommitWinner struct{ User snowflake.ID }

// NextTransition sets the id of the next transition: 0, or 65535, after which comes 1.
type NextTransition struct{ ID uint16 }

// DelaySender holds every op 25 back.
type DelaySender struct{ By time.Duration }

// DelayProposals holds every op 27 back: an op 13 then comes long before the Remove.
type DelayProposals struct{ By time.Duration }

// FreezeProposals makes no proposals until healed; what happened meanwhile is then
// proposed at once.
type FreezeProposals struct{}

// CorruptDAVE damages a binary message to clients, the next Times (1 by default) of
// its kind: 29 a commit, 30 a Welcome. Nobody but the one who gets it notices.
type CorruptDAVE struct {
	Op    int
	User  snowflake.ID // 0: anybody
	Times int
}

// ConnectAfterAdd tells clients of the next Count joiners (op 11) only after the
// proposal that adds them; simulated members hear in time.
type ConnectAfterAdd struct{ Count int }

func (d DelayExecute) inject(f *fates)    { f.dave.ExecuteDelay = d.By }
func (l LoseExecute) inject(f *fates)     { f.dave.LoseExecutes = l.Count }
func (e EarlyExecute) inject(f *fates)    { f.dave.EarlyExecutes = e.Count }
func (h HoldExecute) inject(f *fates)     { f.dave.Hold, f.dave.Reverse = h.Count, h.Reverse }
func (w CommitWinner) inject(f *fates)    { f.dave.Winner = w.User }
func (n NextTransition) inject(f *fates)  { f.dave.NextID = &n.ID }
func (d DelaySender) inject(f *fates)     { f.dave.SenderDelay = d.By }
func (d DelayProposals) inject(f *fates)  { f.dave.ProposalDelay = d.By }
func (FreezeProposals) inject(f *fates)   { f.dave.Frozen = true }
func (c ConnectAfterAdd) inject(f *fates) { f.late = c.Count }

func (c CorruptDAVE) inject(f *fates) {
	c.Times = max(c.Times, 1)
	f.corrupt = append(f.corrupt, c)
}

func (DelayExecute) ofDAVE()    {}
func (LoseExecute) ofDAVE()     {}
func (EarlyExecute) ofDAVE()    {}
func (HoldExecute) ofDAVE()     {}
func (CommitWinner) ofDAVE()    {}
func (NextTransition) ofDAVE()  {}
func (DelaySender) ofDAVE()     {}
func (DelayProposals) ofDAVE()  {}
func (FreezeProposals) ofDAVE() {}

// corrupts reports whether a message is to be damaged.
func (f *faults) corrupts(to Session, op delivery.Op) bool {
	return f.ask(to.Guild, func(g *fates) bool {
		for i := range g.corrupt {
			c := &g.corrupt[i]
			if c.Times > 0 && c.Op == int(op) && (c.User == 0 || c.User == to.User) {
				c.Times--
				return true
			}
		}
		return false
	})
}

// connectsLate reports whether an op 11 is to come after the Add.
func (f *faults) connectsLate(guild snowflake.ID) bool {
	return f.ask(guild, func(g *fates) bool {
		late := g.late > 0
		if late {
			g.late--
		}
		return late
	})
}

// damaged is the payload with its last byte, of a tag or ciphertext, changed.
func damaged(payload []byte) []byte {
	payload = bytes.Clone(payload)
	payload[len(payload)-1] ^= 1
	return payload
}

var errNoCall = errors.New("there is no encrypted call in that channel")

// AddAndRevoke lets users come and go in one moment: everybody gets the Adds and, before
// a commit can win, their revocation. With 70 users the message is beyond 30 kB.
func (s *Server) AddAndRevoke(guild, channel snowflake.ID, users ...snowflake.ID) error {
	s.mu.Lock()
	defer s.unlock()
	c := s.calls[callKey{guild, channel}]
	if c == nil || c.service == nil {
		return errNoCall
	}
	for _, u := range users {
		c.announce(u)
	}
	err := c.service.AddAndRevoke(users)
	for _, u := range users {
		c.gone(u)
	}
	return err
}

// ResendSender sends everybody op 25 again.
func (s *Server) ResendSender(guild, channel snowflake.ID) error {
	s.mu.Lock()
	defer s.unlock()
	c := s.calls[callKey{guild, channel}]
	if c == nil || c.service == nil {
		return errNoCall
	}
	c.service.ResendSender()
	return nil
}

// Babble sends a client what newer versions of Discord might: unknown opcodes, text
// and binary, and 30 kB of them.
func (s *Server) Babble(guild, user snowflake.ID) bool {
	return s.tell(guild, user, func(to *session) {
		to.send(200, "nobody knows what")
		to.send(201, map[string]string{"long": strings.Repeat("babble ", 30<<10/7)})
		to.sendBinary(202, bytes.Repeat([]byte("mls"), 10<<10))
		to.send(203, nil)
	})
}
