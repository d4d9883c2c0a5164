package mls

import (
	"fmt"
	"io"
)

// PendingCommit is a commit that was made but not accepted by the delivery service.
// When another member's is accepted instead, it is dropped.
type PendingCommit struct {
	Message []byte   // MLSMessage holding the PublicMessage
	Welcome *Welcome // nil unless the commit adds somebody
	Group   *Group   // the epoch that begins when it is accepted
}

// Commit commits the proposals by reference, in their order (§12.4.1). Each was
// accepted by VerifyProposal of this Group. A path is made only when it is required:
// with a Remove, or without any proposal.
func (g *Group) Commit(random io.Reader, proposals []CachedProposal) (*PendingCommit, error) {
	list, commit := make([]Proposal, len(proposals)), new(Commit)
	for i, p := range proposals {
		list[i] = p.Proposal
		commit.Proposals = append(commit.Proposals, ProposalOrRef{Ref: p.Ref})
	}
	after, err := g.apply(g.own, list)
	if err != nil {
		return nil, err
	}
	path := &ownPath{commitSecret: noSecret}
	if after.pathRequired {
		if path, commit.Path, err = g.makePath(random, after); err != nil {
			return nil, err
		}
	}
	m, next, joinerSecret, err := g.signCommit(commit, after.tree, path)
	if err != nil {
		return nil, err
	}
	pending := &PendingCommit{Message: m.Marshal(), Group: next}
	if len(after.joiners) > 0 {
		pending.Welcome, err = next.welcome(after.joiners, joinerSecret, m.ConfirmationTag, path)
	}
	if err != nil {
		return nil, fmt.Errorf("make welcome: %w", err)
	}
	return pending, nil
}

func (g *Group) makePath(random io.Reader, after *provisional) (*ownPath, *UpdatePath, error) {
	path, err := after.tree.renewPath(random, g.own, g.signatureKey, g.context.groupID)
	if err != nil {
		return nil, nil, fmt.Errorf("make path: %w", err)
	}
	context := g.provisionalContext(after.tree)
	update, err := path.encrypt(after.tree, after.added(), context.appendTo(nil))
	if err != nil {
		return nil, nil, fmt.Errorf("make path: %w", err)
	}
	return path, update, nil
}

// signCommit frames and signs the commit, and derives the epoch after it.
func (g *Group) signCommit(commit *Commit, tree *ratchetTree, path *ownPath) (m *PublicMessage, next *Group, joinerSecret []byte, err error) {
	m = &PublicMessage{Content: FramedContent{
		GroupID: g.context.groupID,
		Epoch:   g.context.epoch,
		Sender:  Sender{Type: SenderMember, Leaf: g.own},
		Type:    ContentCommit,
		Commit:  commit,
	}}
	context := g.context.appendTo(nil)
	if err := m.sign(g.signatureKey, context); err != nil {
		return nil, nil, nil, err
	}
	next, joinerSecret, m.ConfirmationTag = g.advance(m, tree, path.commitSecret)
	m.MembershipTag = m.membershipTag(g.secrets.membershipKey, context)
	for x, key := range path.keys {
		next.private[x] = key
	}
	return m, next, joinerSecret, nil
}

// welcome invites the joiners into g, the epoch that begins with them (§12.4.3.1). The
// tree is inline.
func (g *Group) welcome(joiners []joiner, joinerSecret, confirmationTag []byte, path *ownPath) (*Welcome, error) {
	info := &groupInfo{
		context:         g.context,
		extensions:      []Extension{{Type: ExtensionRatchetTree, Data: g.tree.marshal()}},
		confirmationTag: confirmationTag,
		signer:          g.own,
	}
	if err := info.sign(g.signatureKey); err != nil {
		return nil, err
	}
	aead, nonce, err := welcomeAEAD(welcomeSecret(joinerSecret, noSecret))
	if err != nil {
		return nil, err
	}
	w := &Welcome{CipherSuite: suiteP256, EncryptedGroupInfo: aead.Seal(nil, nonce, info.marshal(), nil)}
	for _, j := range joiners {
		s := groupSecrets{joinerSecret: joinerSecret, pathSecret: path.secretFor(j.leaf)}
		c, err := encryptWithLabel(j.keyPackage.InitKey, "Welcome", w.EncryptedGroupInfo, s.marshal())
		if err != nil {
			return nil, err
		}
		w.Secrets = append(w.Secrets, EncryptedGroupSecrets{j.keyPackage.Ref(), c})
	}
	return w, nil
}
