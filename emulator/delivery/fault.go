package delivery

import (
	"time"

	"busker/internal/snowflake"
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
