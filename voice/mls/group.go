package mls

import (
	"errors"
	"io"
)

var errTodo = errors.New("mls: not written yet")

// Group is one member's view of a group in one epoch. It never changes and may be
// used concurrently.
type Group struct{}

// Member is a non-blank leaf of the tree.
type Member struct {
	Leaf         LeafIndex
	Identity     []byte // of the basic credential
	SignatureKey []byte // uncompressed point
}

// CachedProposal is a proposal that was verified and can be committed by reference.
type CachedProposal struct {
	Ref      ProposalRef
	Proposal Proposal
}

// PendingCommit is a commit that was made but not accepted by the delivery service.
type PendingCommit struct {
	Message []byte   // MLSMessage holding the PublicMessage
	Welcome *Welcome // nil unless the commit adds somebody
	Group   *Group   // the epoch that begins when it is accepted
}

// NewGroup makes a group of one, at epoch 0 (§11). Own's private keys are used.
func NewGroup(random io.Reader, id []byte, extensions []Extension, own *PrivateKeyPackage) (*Group, error) {
	return nil, errTodo
}

// JoinGroup enters a group by a Welcome for own (§12.4.3.1). The tree must be inline.
func JoinGroup(w *Welcome, own *PrivateKeyPackage) (*Group, error) { return nil, errTodo }

// ID returns the group id.
func (g *Group) ID() []byte { return nil }

// Epoch returns the epoch's number.
func (g *Group) Epoch() uint64 { return 0 }

// Extensions returns the extensions of the group context.
func (g *Group) Extensions() []Extension { return nil }

// OwnLeaf returns our leaf.
func (g *Group) OwnLeaf() LeafIndex { return 0 }

// Members lists the members by leaf.
func (g *Group) Members() []Member { return nil }

// EpochAuthenticator returns the 32 bytes all members of the epoch share (§8.7).
func (g *Group) EpochAuthenticator() []byte { return nil }

// Export derives a secret from the epoch's exporter secret (§8.5).
func (g *Group) Export(label string, context []byte, length int) []byte { return nil }

// VerifyProposal checks a proposal of the external sender with index 0 for this epoch:
// framing, signature, that it is an Add of a valid key package or a Remove of an
// existing leaf.
func (g *Group) VerifyProposal(m *PublicMessage) (CachedProposal, error) {
	return CachedProposal{}, errTodo
}

// Commit commits the proposals by reference, in their order (§12.4.1). A path is made
// only when it is required.
func (g *Group) Commit(random io.Reader, proposals []CachedProposal) (*PendingCommit, error) {
	return nil, errTodo
}

// Process applies another member's commit (§12.4.2). Lookup finds proposals by
// reference. On error g is as good as before.
func (g *Group) Process(m *PublicMessage, lookup func(ProposalRef) (Proposal, bool)) (*Group, error) {
	return nil, errTodo
}
