package mls

import (
	"errors"
	"fmt"
	"math"
)

// CachedProposal is a proposal that was verified and can be committed by reference. It
// must not be changed.
type CachedProposal struct {
	Ref      ProposalRef
	Proposal Proposal
}

// VerifyProposal checks a proposal of an external sender for this epoch: framing,
// signature, that it is an Add of a valid key package or a Remove of an existing leaf.
func (g *Group) VerifyProposal(m *PublicMessage) (CachedProposal, error) {
	if err := g.checkFraming(&m.Content); err != nil {
		return CachedProposal{}, err
	}
	if m.Content.Type != ContentProposal || m.Content.Sender.Type != SenderExternal {
		return CachedProposal{}, errors.New("not a proposal from outside")
	}
	index := m.Content.Sender.Index
	if int64(index) >= int64(len(g.senders)) {
		return CachedProposal{}, fmt.Errorf("no external sender %d", index)
	}
	if err := m.verifySignature(g.senders[index].SignatureKey, nil); err != nil {
		return CachedProposal{}, err
	}
	p := m.Content.Proposal
	if err := g.verifyProposal(p); err != nil {
		return CachedProposal{}, err
	}
	return CachedProposal{Ref: m.ProposalRef(), Proposal: *p}, nil
}

// verifyProposal checks a proposal by itself.
func (g *Group) verifyProposal(p *Proposal) error {
	if p.Type == ProposalAdd {
		return p.Add.Validate()
	}
	if !g.tree.has(p.Remove) {
		return fmt.Errorf("no member at leaf %d", p.Remove)
	}
	return nil
}

// provisional is how the proposals of a commit leave the group, before its path.
type provisional struct {
	tree         *ratchetTree
	joiners      []joiner
	removesUs    bool
	pathRequired bool // §12.4
}

// joiner is a new member.
type joiner struct {
	leaf       LeafIndex
	keyPackage *KeyPackage
}

// added is the joiners' nodes.
func (p *provisional) added() map[nodeIndex]bool {
	nodes := make(map[nodeIndex]bool, len(p.joiners))
	for _, j := range p.joiners {
		nodes[j.leaf.node()] = true
	}
	return nodes
}

// apply applies proposals that were each verified (§12.3): removes first, then adds in
// their order. There has to be an epoch for them, as the numbers never begin again.
func (g *Group) apply(committer LeafIndex, proposals []Proposal) (*provisional, error) {
	if g.context.epoch == math.MaxUint64 {
		return nil, errors.New("commit in the last epoch")
	}
	removed, err := g.checkProposals(committer, proposals)
	if err != nil {
		return nil, err
	}
	p := &provisional{
		tree:         g.tree.clone(),
		removesUs:    removed[g.own],
		pathRequired: len(proposals) == 0 || len(removed) > 0,
	}
	for l := range removed {
		p.tree.remove(l)
	}
	p.tree.truncate()
	for _, proposal := range proposals {
		if proposal.Type != ProposalAdd {
			continue
		}
		l, err := p.tree.add(&proposal.Add.LeafNode)
		if err != nil {
			return nil, err
		}
		p.joiners = append(p.joiners, joiner{l, proposal.Add})
	}
	return p, nil
}

// checkProposals checks that the proposals fit together (§12.2), and returns the
// leaves they remove.
func (g *Group) checkProposals(committer LeafIndex, proposals []Proposal) (removed map[LeafIndex]bool, err error) {
	removed = make(map[LeafIndex]bool)
	for _, p := range proposals {
		if err := p.check(); err != nil {
			return nil, err
		}
		if p.Type != ProposalRemove {
			continue
		}
		if p.Remove == committer || removed[p.Remove] || !g.tree.has(p.Remove) {
			return nil, fmt.Errorf("%w: removal of leaf %d, which is the committer's, nobody's, or removed twice",
				ErrInvalidProposals, p.Remove)
		}
		removed[p.Remove] = true
	}
	keys := g.tree.keys(removed)
	for _, p := range proposals {
		if p.Type != ProposalAdd {
			continue
		}
		if err := keys.addLeaf(&p.Add.LeafNode); err != nil {
			return nil, fmt.Errorf("%w: add %x: %w", ErrInvalidProposals, p.Add.LeafNode.Credential.Identity, err)
		}
	}
	return removed, nil
}
