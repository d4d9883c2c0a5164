package delivery

import (
	"bytes"
	"encoding/binary"
	"slices"

	"busker/voice/mls"
)

// Commit takes op 28: a commit and, if it adds anybody, a Welcome. The first one
// that fits decides the epoch; late and racing ones are normal and get no answer.
func (c *Call) Commit(m *Seat, payload []byte) {
	if m.gone || c.version == 0 {
		return
	}
	message, rest, err := mls.ParsePublicMessage(payload)
	if err != nil {
		c.opts.Broken(m, InvalidCommit, err.Error())
		return
	}
	if flaw := c.flaw(m, message); flaw != "" {
		c.opts.Broken(m, InvalidCommit, flaw)
		return
	}
	order, ok := c.covers(m, message)
	if !ok {
		return
	}
	c.owes(m, len(m.announced)) // what it commits came after what it has to answer
	if c.loses(m) {
		return
	}
	if !c.pathFits(m, message.Content.Commit.Path, order) {
		return
	}
	welcome, ok := c.welcome(m, rest, order)
	if !ok {
		return
	}
	c.accept(m, payload[:len(payload)-len(rest)], welcome, order)
}

// loses reports whether a test wants somebody else to win who can.
func (c *Call) loses(m *Seat) bool {
	winner := c.opts.Faults.Winner
	return winner != 0 && winner != m.User &&
		slices.ContainsFunc(c.committers(), func(o *Seat) bool { return o.User == winner })
}

// flaw says what no commit may be, whenever it arrives.
func (c *Call) flaw(m *Seat, message *mls.PublicMessage) string {
	content := &message.Content
	switch {
	case content.Type != mls.ContentCommit || content.Commit == nil:
		return "not a commit"
	case content.Sender.Type != mls.SenderMember:
		return "not sent as a member"
	case !bytes.Equal(content.GroupID, c.group):
		return "of another group"
	}
	return ""
}

// covers reports whether the commit is for this epoch, from a member who may
// commit, and refers to exactly what is in flight, which it returns in its order.
func (c *Call) covers(m *Seat, message *mls.PublicMessage) ([]*proposal, bool) {
	content := &message.Content
	inline := slices.ContainsFunc(content.Commit.Proposals, func(p mls.ProposalOrRef) bool { return p.Inline != nil })
	if inline {
		c.opts.Broken(m, InlineProposal, "in epoch "+itoa(uint16(content.Epoch)))
		return nil, false
	}
	if content.Epoch != c.epoch || !slices.Contains(c.committers(), m) {
		return nil, false
	}
	leaf := max(m.leaf, 0) // everybody sits on leaf 0 of a group of his own
	if content.Sender.Leaf != mls.LeafIndex(leaf) {
		c.opts.Broken(m, InvalidCommit, "sent from the leaf of somebody else")
		return nil, false
	}
	expected := c.mine(m)
	if len(expected) == 0 || len(content.Commit.Proposals) != len(expected) {
		return nil, false
	}
	var order []*proposal
	for _, p := range content.Commit.Proposals {
		i := slices.IndexFunc(expected, func(e *proposal) bool { return e.ref == p.Ref })
		if i < 0 || slices.Contains(order, expected[i]) {
			return nil, false
		}
		order = append(order, expected[i])
	}
	return order, true
}

// pathFits checks the update path: needed to remove somebody, and of the same person.
func (c *Call) pathFits(m *Seat, path *mls.UpdatePath, order []*proposal) bool {
	if path == nil {
		removes := slices.ContainsFunc(order, func(p *proposal) bool { return p.add == nil })
		if removes {
			c.opts.Broken(m, MissingPath, "")
		}
		return !removes
	}
	before, now := &m.pack.LeafNode, &path.LeafNode
	if !bytes.Equal(before.SignatureKey, now.SignatureKey) ||
		!bytes.Equal(before.Credential.Identity, now.Credential.Identity) {
		c.opts.Broken(m, InvalidCommit, "it changes the committer's identity")
		return false
	}
	return true
}

// welcome reads the Welcome behind a commit: present if somebody is added, and for
// exactly those.
func (c *Call) welcome(m *Seat, b []byte, order []*proposal) (*mls.Welcome, bool) {
	adds := make(map[mls.KeyPackageRef]bool)
	for _, p := range order {
		if p.add != nil {
			adds[p.pack] = true
		}
	}
	if len(adds) == 0 {
		if len(b) > 0 {
			c.opts.Broken(m, InvalidCommit, "a Welcome for nobody")
		}
		return nil, len(b) == 0
	}
	if len(b) == 0 {
		c.opts.Broken(m, MissingWelcome, "")
		return nil, false
	}
	w, err := mls.ParseWelcome(b)
	if err != nil {
		c.opts.Broken(m, InvalidCommit, err.Error())
		return nil, false
	}
	for _, s := range w.Secrets {
		if !adds[s.NewMember] {
			c.opts.Broken(m, InvalidCommit, "a Welcome for somebody else")
			return nil, false
		}
		delete(adds, s.NewMember)
	}
	if len(adds) > 0 {
		c.opts.Broken(m, MissingWelcome, "for "+itoa(uint16(len(adds)))+" of those added")
		return nil, false
	}
	return w, true
}

// accept makes the commit the epoch: old members get it, new ones their Welcome, all
// with one transition.
func (c *Call) accept(author *Seat, commit []byte, w *mls.Welcome, order []*proposal) {
	old := c.committers()
	if !c.established {
		old = []*Seat{author}
		c.leaves, author.leaf = c.leaves.add(author)
	}
	joined := c.follow(order)
	c.established, c.epoch, c.proposals = true, c.epoch+1, nil
	c.generation++
	t := c.prepare(slices.Concat(old, joined))
	head := binary.BigEndian.AppendUint16(nil, t.id)
	for _, m := range nearFirst(t.all) {
		if slices.Contains(joined, m) {
			m.to.SendBinary(OpWelcome, append(slices.Clip(head), trimmed(w, m.pack.Ref())...))
		} else {
			m.to.SendBinary(OpAnnounceCommit, append(slices.Clip(head), commit...))
		}
	}
	c.start(t)
	c.settle()
}

// nearFirst is the list with those in front who hear the others at once.
func nearFirst(list []*Seat) []*Seat {
	near := func(m *Seat) int {
		if _, ok := m.to.(Near); ok {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(list), func(a, b *Seat) int { return near(a) - near(b) })
}

// follow applies the proposals of a commit to the leaves, and returns who was added.
func (c *Call) follow(order []*proposal) (joined []*Seat) {
	for _, p := range order {
		if p.add == nil {
			c.leaves.remove(p.leaf)
			p.about.leaf, p.about.flagged = -1, false
		}
	}
	c.leaves = c.leaves.truncate()
	for _, p := range order {
		if p.add != nil {
			c.leaves, p.about.leaf = c.leaves.add(p.about)
			joined = append(joined, p.about)
		}
	}
	return joined
}

// trimmed is the Welcome with one recipient's secrets only.
func trimmed(w *mls.Welcome, recipient mls.KeyPackageRef) []byte {
	mine := slices.IndexFunc(w.Secrets, func(s mls.EncryptedGroupSecrets) bool { return s.NewMember == recipient })
	one := *w
	one.Secrets = w.Secrets[mine : mine+1]
	return one.Marshal()
}
