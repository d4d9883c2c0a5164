package mls

import "slices"

// What a member or a server without scruples could send: signed and tagged, but wrong.

// Reseal signs and tags a commit of g's own member again.
func (g *Group) Reseal(m *PublicMessage) {
	context := g.context.appendTo(nil)
	check(m.sign(g.signatureKey, context))
	m.MembershipTag = m.membershipTag(g.secrets.membershipKey, context)
}

// Retag only tags it again.
func (g *Group) Retag(m *PublicMessage) {
	m.MembershipTag = m.membershipTag(g.secrets.membershipKey, g.context.appendTo(nil))
}

// ResignLeaf signs a leaf of g's own member again.
func (g *Group) ResignLeaf(leaf *LeafNode) {
	check(leaf.sign(g.signatureKey, g.context.groupID, g.own))
}

// Resign signs a key package again, and its leaf.
func (k *KeyPackage) Resign(key *SignatureKey) {
	var err error
	check(k.LeafNode.sign(key, nil, 0))
	k.Signature, err = key.signWithLabel("KeyPackageTBS", k.toBeSigned(nil))
	check(err)
}

// Forgery is what a Welcome tells, to be changed.
type Forgery struct {
	CipherSuite       CipherSuite
	Tree              *Tree // nil: none
	TreeTwice         bool
	BeforeTree        []Extension // of the group info
	TreeHash          []byte      // nil: of Tree
	ContextExtensions []Extension
	ConfirmationTag   []byte
	Signer            LeafIndex
	PathSecret, PSKs  []byte
	AfterSecrets      []byte // after the group secrets
}

// Forge changes what a Welcome tells one joiner. It is signed again by signer.
func (w *Welcome) Forge(joiner *PrivateKeyPackage, signer *SignatureKey, change func(*Forgery)) *Welcome {
	secrets := must(w.open(joiner))
	info := must(w.openGroupInfo(welcomeSecret(secrets.joinerSecret, noSecret)))
	f := Forgery{
		CipherSuite: suiteP256, ContextExtensions: info.context.extensions, ConfirmationTag: info.confirmationTag,
		Signer: info.signer, PathSecret: secrets.pathSecret, PSKs: secrets.psks,
		Tree: must(parseTree(info.extensions[0].Data)),
	}
	change(&f)
	info.context.cipherSuite, info.context.extensions = f.CipherSuite, f.ContextExtensions
	info.confirmationTag, info.signer, info.extensions = f.ConfirmationTag, f.Signer, f.BeforeTree
	if f.Tree != nil {
		info.extensions = append(info.extensions, Extension{ExtensionRatchetTree, f.Tree.marshal()})
		info.context.treeHash = f.Tree.rootHash()
	}
	if f.TreeTwice {
		info.extensions = append(info.extensions, info.extensions...)
	}
	if f.TreeHash != nil {
		info.context.treeHash = f.TreeHash
	}
	check(info.sign(signer))
	secrets.pathSecret, secrets.psks = f.PathSecret, f.PSKs

	aead, nonce, err := welcomeAEAD(welcomeSecret(secrets.joinerSecret, noSecret))
	check(err)
	sealed := aead.Seal(nil, nonce, info.marshal(), nil)
	k := joiner.KeyPackage
	c := must(encryptWithLabel(k.InitKey, "Welcome", sealed, append(secrets.marshal(), f.AfterSecrets...)))
	return &Welcome{suiteP256, []EncryptedGroupSecrets{{k.Ref(), c}}, sealed}
}

// Changes of trees.

// SetLeaf puts a changed copy of a leaf into its place.
func (t *ratchetTree) SetLeaf(l LeafIndex, change func(*LeafNode)) {
	leaf := *t.leaf(l)
	change(&leaf)
	t.set(l.node(), treeNode{leaf: &leaf})
}

// SetParent puts a changed copy of a parent into its place.
func (t *ratchetTree) SetParent(x NodeIndex, change func(p *Parent)) {
	old := t.nodes[x].parent
	p := Parent{old.encryptionKey, old.parentHash, slices.Clone(old.unmergedLeaves)}
	change(&p)
	t.set(x, treeNode{parent: &parentNode{p.EncryptionKey, p.ParentHash, p.UnmergedLeaves}})
}

// Parent is a parent node.
type Parent struct {
	EncryptionKey, ParentHash []byte
	UnmergedLeaves            []LeafIndex
}

// HasParent tells whether x is not blank.
func (t *ratchetTree) HasParent(x NodeIndex) bool { return t.nodes[x].parent != nil }

// Tree returns a copy of the group's tree.
func (g *Group) Tree() *Tree { return g.tree.clone() }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// Keys returns the group's private keys.
func (g *Group) Keys() PrivateKeys { return g.private.known(g.tree) }

// ValidateShape validates everything but signatures and keys.
func (t *ratchetTree) ValidateShape() error {
	for x := range t.nodes {
		if err := t.validateUnmerged(nodeIndex(x)); err != nil {
			return err
		}
	}
	for x := range t.nodes {
		if t.nodes[x].parent != nil && !t.parentHashValid(nodeIndex(x)) {
			return errTreeShape
		}
	}
	return nil
}
