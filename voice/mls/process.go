package mls

import (
	"crypto/hmac"
	"errors"
	"fmt"
)

// Process applies another member's commit (§12.4.2). Lookup finds proposals by
// reference, among those that VerifyProposal of this Group accepted. On error g is as
// good as before; ErrRemoved is told only by a commit that is authentic. The next Group
// keeps parts of m and of the proposals, which must not be changed afterwards.
func (g *Group) Process(m *PublicMessage, lookup func(ProposalRef) (Proposal, bool)) (*Group, error) {
	if err := g.verifyCommit(m); err != nil {
		return nil, err
	}
	committer, commit := m.Content.Sender.Leaf, m.Content.Commit
	proposals, err := g.resolve(commit.Proposals, lookup)
	if err != nil {
		return nil, err
	}
	after, err := g.apply(committer, proposals)
	switch {
	case err != nil:
		return nil, err
	case after.removesUs:
		return nil, ErrRemoved
	case after.pathRequired && commit.Path == nil:
		return nil, errors.New("commit lacks a path")
	}
	commitSecret, learnt := noSecret, privateKeys{}
	if commit.Path != nil {
		if commitSecret, learnt, err = g.followPath(committer, commit.Path, after); err != nil {
			return nil, fmt.Errorf("path of commit: %w", err)
		}
	}
	next, _, confirmationTag := g.advance(m, after.tree, commitSecret)
	if !hmac.Equal(confirmationTag, m.ConfirmationTag) {
		return nil, errConfirmation
	}
	for x, key := range learnt {
		next.private[x] = key
	}
	return next, nil
}

var errConfirmation = errors.New("wrong confirmation tag")

// verifyCommit checks that m is another member's commit to this epoch.
func (g *Group) verifyCommit(m *PublicMessage) error {
	if err := g.checkFraming(&m.Content); err != nil {
		return err
	}
	sender := m.Content.Sender
	if m.Content.Type != ContentCommit || sender.Type != SenderMember {
		return errors.New("not a member's commit")
	}
	leaf := g.tree.leaf(sender.Leaf)
	if leaf == nil || sender.Leaf == g.own {
		return fmt.Errorf("commit by leaf %d: nobody's, or our own", sender.Leaf)
	}
	context := g.context.appendTo(nil)
	if err := m.verifyMembershipTag(g.secrets.membershipKey, context); err != nil {
		return err
	}
	return m.verifySignature(leaf.SignatureKey, context)
}

// resolve lists the proposals of a commit. Inline ones, which nobody verified before,
// are verified.
func (g *Group) resolve(list []ProposalOrRef, lookup func(ProposalRef) (Proposal, bool)) ([]Proposal, error) {
	var proposals []Proposal
	for _, named := range list {
		if named.Inline != nil {
			if err := g.verifyProposal(named.Inline); err != nil {
				return nil, err
			}
			proposals = append(proposals, *named.Inline)
			continue
		}
		p, found := lookup(named.Ref)
		if !found {
			return nil, fmt.Errorf("commit of an unknown proposal %x", named.Ref)
		}
		proposals = append(proposals, p)
	}
	return proposals, nil
}

// followPath merges another member's path into the tree and opens our part of it.
func (g *Group) followPath(committer LeafIndex, path *UpdatePath, after *provisional) (commitSecret []byte, learnt privateKeys, err error) {
	steps, err := after.tree.mergePath(committer, path, g.context.groupID)
	if err != nil {
		return nil, nil, err
	}
	context := g.provisionalContext(after.tree)
	learnt = g.private.known(after.tree)
	commitSecret, err = learnt.open(after.tree, g.own, steps, path, after.added(), context.appendTo(nil))
	return commitSecret, learnt, err
}
