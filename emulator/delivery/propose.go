package delivery

import (
	"slices"
	"strconv"

	"busker/voice/mls"
)

func itoa(id uint16) string { return strconv.Itoa(int(id)) }

// proposal is one the service made for this epoch and did not revoke.
type proposal struct {
	ref     mls.ProposalRef
	message []byte
	about   *Seat
	add     *mls.KeyPackage // nil: a Remove
	pack    mls.KeyPackageRef
	leaf    int            // of a Remove
	told    map[*Seat]bool // who had it
}

// settle brings the group to where the members are: it proposes what is not
// proposed, revokes what became wrong, and starts anew when nobody can commit.
func (c *Call) settle() {
	if c.version == 0 || c.opts.Faults.Frozen {
		return
	}
	if c.stuck() {
		c.reset()
		return
	}
	c.revokeStale()
	if c.established {
		c.proposeRemoves()
	}
	for _, m := range c.seats {
		if m.speaks() && m.introduced && m.pack != nil && !m.inGroup() && !c.proposed(m, true) {
			c.propose(&proposal{about: m, add: m.pack, pack: m.pack.Ref()}, mls.Proposal{Type: mls.ProposalAdd, Add: m.pack})
		}
	}
	c.tell()
}

// stuck reports whether the group must begin anew: one member remains, or nobody in
// it can commit.
func (c *Call) stuck() bool {
	if len(c.seats) == 1 {
		m := c.seats[0]
		return !m.alone && m.introduced && (c.established || m.pack != nil)
	}
	return c.established && !slices.ContainsFunc(c.seats, (*Seat).inGroup)
}

// reset makes everybody begin at epoch 1 (op 24) with a new key package. A sole
// member is told that this is all for now (op 21 with id 0).
func (c *Call) reset() {
	c.forget()
	c.forgetTransitions()
	for _, m := range c.seats {
		if !m.speaks() {
			continue
		}
		m.leaf, m.flagged, m.pack = -1, false, nil
		m.to.SendJSON(OpPrepareEpoch, PrepareEpoch{Epoch: 1, Version: c.version})
		if m.alone = len(c.seats) == 1; m.alone {
			m.version = c.version
			m.to.Executed(c.version, false)
			m.to.SendJSON(OpPrepareTransition, PrepareTransition{Version: c.version})
		}
	}
}

// forget drops the group.
func (c *Call) forget() {
	c.established, c.epoch, c.leaves, c.proposals = false, 0, nil, nil
	c.generation++
}

// revokeStale revokes Adds of who left or sent another key package.
func (c *Call) revokeStale() {
	var stale []*proposal
	for _, p := range c.proposals {
		if p.add != nil && (p.about.gone || p.about.pack != p.add) {
			stale = append(stale, p)
		}
	}
	c.revoke(stale)
}

func (c *Call) revoke(list []*proposal) {
	if len(list) == 0 {
		return
	}
	c.proposals = slices.DeleteFunc(c.proposals, func(p *proposal) bool { return slices.Contains(list, p) })
	batches := make(map[*Seat][]byte)
	for _, m := range c.committers() {
		for _, p := range list {
			if p.told[m] {
				batches[m] = mls.AppendVector(batches[m], p.ref[:])
			}
		}
	}
	c.send(proposalsRevoke, batches)
}

// proposeRemoves takes out who left, and who needs to be added again once his new
// key package is here, so that both go out together.
func (c *Call) proposeRemoves() {
	for i, m := range c.leaves {
		if m == nil || m.inGroup() && !m.gone || !m.gone && m.pack == nil || c.proposed(m, false) {
			continue
		}
		c.propose(&proposal{about: m, leaf: i}, mls.Proposal{Type: mls.ProposalRemove, Remove: mls.LeafIndex(i)})
	}
}

// proposed reports whether an Add or Remove of m is in flight.
func (c *Call) proposed(m *Seat, add bool) bool {
	return slices.ContainsFunc(c.proposals, func(p *proposal) bool { return p.about == m && (p.add != nil) == add })
}

func (c *Call) propose(p *proposal, content mls.Proposal) {
	message, err := mls.SignExternalProposal(c.opts.Key, c.group, c.epoch, 0, content)
	if err != nil {
		c.opts.Broken(p.about, InvalidKeyPackage, err.Error()) // it passed Validate, so this does not happen
		return
	}
	p.ref, p.message, p.told = message.ProposalRef(), message.Marshal(), make(map[*Seat]bool)
	c.proposals = append(c.proposals, p)
}

// The operations of op 27.
const (
	proposalsAppend = 0
	proposalsRevoke = 1
)

// tell sends everybody who can commit the proposals he has not had, to all at once.
// Before there is a group everybody sits in one of his own and gets the Adds of the
// others.
func (c *Call) tell() {
	batches := make(map[*Seat][]byte)
	for _, m := range c.committers() {
		for _, p := range c.mine(m) {
			if !p.told[m] {
				p.told[m] = true
				batches[m] = append(batches[m], p.message...)
			}
		}
	}
	c.send(proposalsAppend, batches)
}

// send sends op 27, later if a test wants that and nothing overtook it.
func (c *Call) send(operation byte, batches map[*Seat][]byte) {
	if len(batches) == 0 {
		return
	}
	generation := c.generation
	c.later(c.opts.Faults.ProposalDelay, func() {
		for _, m := range c.seats {
			if batch := batches[m]; batch != nil && c.generation == generation {
				m.to.SendBinary(OpProposals, mls.AppendVector([]byte{operation}, batch))
			}
		}
	})
}

// committers are the members whose commit would count.
func (c *Call) committers() []*Seat {
	var list []*Seat
	for _, m := range c.seats {
		if c.established && m.inGroup() || !c.established && m.introduced && m.pack != nil {
			list = append(list, m)
		}
	}
	return list
}

// mine are the proposals in flight that a commit of m must hold.
func (c *Call) mine(m *Seat) []*proposal {
	if c.established {
		return c.proposals
	}
	return slices.DeleteFunc(slices.Clone(c.proposals), func(p *proposal) bool { return p.about == m })
}
