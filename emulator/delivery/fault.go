package delivery

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// Faults are what tests want to go wrong in a call. They may be changed at any time
// under the owner's lock.
type Faults struct {
	// ExecuteDelay holds back every op 22.
	ExecuteDelay time.Duration
	// LoseExecutes is how many of the next op 22 are never sent.
	LoseExecutes int
	// EarlyExecutes is how many of the next op 22 are sent before any op 23.
	EarlyExecutes int
	// Hold keeps back op 22 until so many transitions are in flight, then sends them
	// all, the newest first with Reverse, and is over.
	Hold    int
	Reverse bool
	// Winner is the only one whose commits are accepted while he can commit; 0:
	// everybody's are.
	Winner snowflake.ID
	// NextID is the id of the next transition, 0 included.
	NextID *uint16
	// SenderDelay and ProposalDelay hold back ops 25 and 27.
	SenderDelay, ProposalDelay time.Duration
	// Frozen stops all proposing.
	Frozen bool
}

func (f *Faults) early() bool { return spend(&f.EarlyExecutes) }

func (f *Faults) lost() bool { return spend(&f.LoseExecutes) }

func spend(n *int) bool {
	if *n == 0 {
		return false
	}
	*n--
	return true
}

// Thaw goes on after faults ended: what they held back is done now.
func (c *Call) Thaw() {
	held := c.held
	c.held = nil
	for _, execute := range held {
		execute()
	}
	c.settle()
}

// ResendSender sends everybody op 25 again.
func (c *Call) ResendSender() {
	for _, m := range c.seats {
		if m.introduced {
			m.to.SendBinary(OpExternalSender, c.sender)
		}
	}
}

// AddAndRevoke proposes to add users who are not there and revokes it at once.
func (c *Call) AddAndRevoke(users []snowflake.ID) error {
	if c.version == 0 {
		return nil
	}
	var made []*proposal
	for _, user := range users {
		k, err := stranger(user)
		if err != nil {
			return err
		}
		p := &proposal{about: &Seat{User: user, pack: k}, add: k, pack: k.Ref()}
		c.propose(p, mls.Proposal{Type: mls.ProposalAdd, Add: k})
		made = append(made, p)
	}
	c.tell()
	c.revoke(made)
	return nil
}

// stranger makes a key package for a user nobody plays.
func stranger(user snowflake.ID) (*mls.KeyPackage, error) {
	key, err := mls.NewSignatureKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	own, err := mls.NewKeyPackage(rand.Reader, key, binary.BigEndian.AppendUint64(nil, uint64(user)))
	if err != nil {
		return nil, fmt.Errorf("make a key package: %w", err)
	}
	return own.KeyPackage, nil
}
