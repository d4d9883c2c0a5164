package mls

import (
	"bytes"
	"fmt"
	"io"
)

// Group is one member's view of a group in one epoch. It never changes and may be
// used concurrently. What it returns must not be changed either.
type Group struct {
	context      groupContext
	tree         *ratchetTree
	secrets      epochSecrets
	interim      []byte // interim_transcript_hash
	senders      []ExternalSender
	own          LeafIndex
	signatureKey *SignatureKey
	private      privateKeys
}

// Member is a non-blank leaf of the tree.
type Member struct {
	Leaf         LeafIndex
	Identity     []byte // of the basic credential
	SignatureKey []byte // uncompressed point
}

// String tells which group and epoch it is, and none of its secrets.
func (g *Group) String() string {
	return fmt.Sprintf("epoch %d of group %x, leaf %d of %d", g.Epoch(), g.ID(), g.own, g.tree.leaves())
}

// NewGroup makes a group of one, at epoch 0 (§11). Own's private keys are used. The
// epoch secret is 32 bytes of random. The extensions are kept and must not be changed
// afterwards; external_senders is the only one there may be.
func NewGroup(random io.Reader, id []byte, extensions []Extension, own *PrivateKeyPackage) (*Group, error) {
	senders, err := externalSenders(extensions)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, hashSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	g := &Group{
		tree:         newTree(&own.KeyPackage.LeafNode),
		secrets:      newEpochSecrets(secret),
		senders:      senders,
		signatureKey: own.signatureKey,
		private:      privateKeys{0: own.encryptionKey},
	}
	g.context = groupContext{
		version:     versionMLS10,
		cipherSuite: suiteP256,
		groupID:     bytes.Clone(id),
		treeHash:    g.tree.rootHash(),
		extensions:  extensions,
	}
	g.interim = interimTranscriptHash(nil, mac(g.secrets.confirmationKey, nil))
	return g, nil
}

// ID returns the group id.
func (g *Group) ID() []byte { return g.context.groupID }

// Epoch returns the epoch's number.
func (g *Group) Epoch() uint64 { return g.context.epoch }

// Extensions returns the extensions of the group context.
func (g *Group) Extensions() []Extension { return g.context.extensions }

// OwnLeaf returns our leaf.
func (g *Group) OwnLeaf() LeafIndex { return g.own }

// Members lists the members by leaf.
func (g *Group) Members() []Member {
	var members []Member
	for l := range g.tree.leaves() {
		if leaf := g.tree.leaf(l); leaf != nil {
			members = append(members, Member{l, leaf.Credential.Identity, leaf.SignatureKey})
		}
	}
	return members
}

// EpochAuthenticator returns the 32 bytes all members of the epoch share (§8.7).
func (g *Group) EpochAuthenticator() []byte { return g.secrets.epochAuthenticator }

// Export derives a secret from the epoch's exporter secret (§8.5): length bytes, at
// most 8160.
func (g *Group) Export(label string, context []byte, length int) []byte {
	return g.secrets.export(label, context, length)
}

// checkFraming checks that a message is for this group and epoch.
func (g *Group) checkFraming(c *FramedContent) error {
	if !bytes.Equal(c.GroupID, g.context.groupID) {
		return fmt.Errorf("%w: %x", ErrWrongGroup, c.GroupID)
	}
	if c.Epoch != g.context.epoch {
		return fmt.Errorf("%w: %d, not %d", ErrWrongEpoch, c.Epoch, g.context.epoch)
	}
	return nil
}

// advance derives the epoch that begins with a signed commit (§8), when tree is how it
// leaves the tree. The confirmation tag of the commit is neither needed nor checked.
func (g *Group) advance(commit *PublicMessage, tree *ratchetTree, commitSecret []byte) (next *Group, joinerSecret, confirmationTag []byte) {
	next = &Group{
		context:      g.provisionalContext(tree),
		tree:         tree,
		senders:      g.senders,
		own:          g.own,
		signatureKey: g.signatureKey,
		private:      g.private.known(tree),
	}
	confirmed := confirmedTranscriptHash(g.interim, commit)
	next.context.confirmedTranscriptHash = confirmed
	context := next.context.appendTo(nil)
	joinerSecret = newJoinerSecret(g.secrets.init, commitSecret, context)
	next.secrets = newEpochSecrets(epochSecret(joinerSecret, noSecret, context))
	confirmationTag = mac(next.secrets.confirmationKey, confirmed)
	next.interim = interimTranscriptHash(confirmed, confirmationTag)
	return next, joinerSecret, confirmationTag
}

// provisionalContext is the next epoch's context with the transcript of this one
// (§12.4.1).
func (g *Group) provisionalContext(tree *ratchetTree) groupContext {
	c := g.context
	c.epoch++
	c.treeHash = tree.rootHash()
	return c
}
