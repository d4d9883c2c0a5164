package mls

import "crypto/rand"

// What the tests reach inside for. Vectors name steps that a Group takes together.

// JoinGroupWith joins with a tree that is not inline, and with pre-shared keys.
func JoinGroupWith(w *Welcome, own *PrivateKeyPackage, tree []byte, pskSecret func(psks []byte) ([]byte, error)) (*Group, error) {
	return join(w, own, tree, pskSecret)
}

// ReadVarint reads the length of a vector.
func ReadVarint(b []byte) (n int, rest []byte, err error) { return readVarint(b) }

// Steps of the cryptography.
var (
	RefHash         = refHash
	DeriveSecret    = deriveSecret
	VerifyWithLabel = verifyWithLabel
	Extract         = extract
	MAC             = mac
)

// SignWithLabel signs.
func SignWithLabel(key *SignatureKey, label string, content []byte) ([]byte, error) {
	return key.signWithLabel(label, content)
}

// EncryptWithLabel encrypts.
func EncryptWithLabel(publicKey []byte, label string, context, plaintext []byte) (HPKECiphertext, error) {
	return encryptWithLabel(publicKey, label, context, plaintext)
}

// DecryptWithLabel decrypts with the 32 bytes of a private key.
func DecryptWithLabel(private []byte, label string, context []byte, c HPKECiphertext) ([]byte, error) {
	key, err := kem.NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	return decryptWithLabel(key, label, context, c)
}

// DeriveKeyPair derives an HPKE key and returns its public half.
func DeriveKeyPair(ikm []byte) ([]byte, error) {
	key, err := kem.DeriveKeyPair(ikm)
	if err != nil {
		return nil, err
	}
	return key.PublicKey().Bytes(), nil
}

// NodeIndex is tree arithmetic.
type NodeIndex = nodeIndex

// Steps of tree arithmetic.
func (x nodeIndex) Level() int         { return x.level() }
func (x nodeIndex) Left() nodeIndex    { return x.left() }
func (x nodeIndex) Right() nodeIndex   { return x.right() }
func (x nodeIndex) Parent() nodeIndex  { return x.parent() }
func (x nodeIndex) Sibling() nodeIndex { return x.sibling() }

// EmptyTree is a tree of blanks.
func EmptyTree(leaves int) *Tree { return &ratchetTree{nodes: make([]treeNode, 2*leaves-1)} }

// Tree is a ratchet tree.
type Tree = ratchetTree

// ParseTree reads a ratchet_tree extension.
func ParseTree(b []byte) (*Tree, error) { return parseTree(b) }

// Steps on trees.
func (t *ratchetTree) Nodes() int                            { return len(t.nodes) }
func (t *ratchetTree) Root() nodeIndex                       { return t.root() }
func (t *ratchetTree) Marshal() []byte                       { return t.marshal() }
func (t *ratchetTree) TreeHash(x nodeIndex) []byte           { return t.treeHash(x) }
func (t *ratchetTree) Resolution(x nodeIndex) []nodeIndex    { return t.resolution(x) }
func (t *ratchetTree) Validate(groupID []byte) error         { return t.validate(groupID) }
func (t *ratchetTree) Clone() *Tree                          { return t.clone() }
func (t *ratchetTree) Add(leaf *LeafNode) (LeafIndex, error) { return t.add(leaf) }
func (t *ratchetTree) Remove(l LeafIndex)                    { t.remove(l); t.truncate() }
func (t *ratchetTree) Leaf(l LeafIndex) *LeafNode            { return t.leaf(l) }

// AtEpoch is g, as if that were the epoch's number.
func (g *Group) AtEpoch(epoch uint64) *Group {
	at := *g
	at.context.epoch = epoch
	return &at
}

// EpochSecrets are the secrets of an epoch.
type EpochSecrets struct {
	EpochSecret, WelcomeSecret, JoinerSecret                           []byte
	Init, Exporter, ConfirmationKey, MembershipKey, EpochAuthenticator []byte
	Export                                                             func(label string, context []byte, length int) []byte
}

// KeySchedule runs the key schedule of one epoch.
func KeySchedule(initSecret, commitSecret, pskSecret, context []byte) EpochSecrets {
	joiner := newJoinerSecret(initSecret, commitSecret, context)
	epoch := epochSecret(joiner, pskSecret, context)
	s := newEpochSecrets(epoch)
	return EpochSecrets{
		epoch, welcomeSecret(joiner, pskSecret), joiner,
		s.init, s.exporter, s.confirmationKey, s.membershipKey, s.epochAuthenticator, s.export,
	}
}

// MarshalGroupContext serialises a GroupContext.
func MarshalGroupContext(groupID []byte, epoch uint64, treeHash, confirmedTranscriptHash []byte, extensions []Extension) []byte {
	c := groupContext{versionMLS10, suiteP256, groupID, epoch, treeHash, confirmedTranscriptHash, extensions}
	return c.appendTo(nil)
}

// ParseAuthenticatedContent reads an AuthenticatedContent.
func ParseAuthenticatedContent(b []byte) (*PublicMessage, error) {
	return parse(b[2:], func(d *decoder) *PublicMessage {
		m := &PublicMessage{Content: readFramedContent(d), Signature: d.vector()}
		if m.Content.Type == ContentCommit {
			m.ConfirmationTag = d.vector()
		}
		return m
	})
}

// TranscriptHashes are both hashes after a commit.
func TranscriptHashes(interim []byte, commit *PublicMessage) (confirmedAfter, interimAfter []byte) {
	confirmedAfter = confirmedTranscriptHash(interim, commit)
	return confirmedAfter, interimTranscriptHash(confirmedAfter, commit.ConfirmationTag)
}

// Protect signs a member's message and tags it.
func Protect(m *PublicMessage, key *SignatureKey, membershipKey, context []byte) error {
	if err := m.sign(key, context); err != nil {
		return err
	}
	m.MembershipTag = m.membershipTag(membershipKey, context)
	return nil
}

// Unprotect verifies a member's message.
func Unprotect(m *PublicMessage, publicKey, membershipKey, context []byte) error {
	if err := m.verifyMembershipTag(membershipKey, context); err != nil {
		return err
	}
	return m.verifySignature(publicKey, context)
}

// Reserialize parses one struct of the named type and serialises it again.
func Reserialize(name string, b []byte) ([]byte, error) {
	switch name {
	case "ratchet_tree":
		return again(b, parseTree, (*ratchetTree).marshal)
	case "group_info":
		return again(b, reader(readGroupInfo), (*groupInfo).marshal)
	case "group_secrets":
		return again(b, reader(readGroupSecrets), (*groupSecrets).marshal)
	case "proposal":
		return again(b, reader(readProposal), func(p Proposal) []byte { return p.appendTo(nil) })
	case "commit":
		return again(b, reader(readCommit), func(c *Commit) []byte { return c.appendTo(nil) })
	default:
		panic(name)
	}
}

func reader[T any](read func(*decoder) T) func([]byte) (T, error) {
	return func(b []byte) (T, error) { return parse(b, read) }
}

func again[T any](b []byte, parse func([]byte) (T, error), marshal func(T) []byte) ([]byte, error) {
	v, err := parse(b)
	if err != nil {
		return nil, err
	}
	return marshal(v), nil
}

// PrivateKeys are a member's.
type PrivateKeys = privateKeys

// NewPrivateKeys are those of a leaf.
func NewPrivateKeys(own LeafIndex, encryptionKey []byte) PrivateKeys {
	key, err := kem.NewPrivateKey(encryptionKey)
	if err != nil {
		panic(err)
	}
	return privateKeys{own.node(): key}
}

// Learn takes on the key of a node.
func (k privateKeys) Learn(t *Tree, x NodeIndex, pathSecret []byte) error {
	_, err := k.learn(t, []nodeIndex{x}, pathSecret)
	return err
}

// ParseUpdatePath reads an UpdatePath.
func ParseUpdatePath(b []byte) (*UpdatePath, error) { return parse(b, readUpdatePath) }

// Follow processes a path; context is computed when the tree has it.
func (k privateKeys) Follow(t *Tree, own, sender LeafIndex, path *UpdatePath, groupID []byte, context func() []byte) ([]byte, error) {
	steps, err := t.mergePath(sender, path, groupID)
	if err != nil {
		return nil, err
	}
	return k.open(t, own, steps, path, nil, context())
}

// Lead makes a path.
func Lead(t *Tree, own LeafIndex, key *SignatureKey, groupID []byte, context func(treeHash []byte) []byte) (*UpdatePath, []byte, error) {
	p, err := t.renewPath(rand.Reader, own, key, groupID)
	if err != nil {
		return nil, nil, err
	}
	path, err := p.encrypt(t, nil, context(t.rootHash()))
	return path, p.commitSecret, err
}

// OpenWelcome opens a Welcome and verifies the group info and its confirmation tag.
func OpenWelcome(w *Welcome, k *KeyPackage, initKey, signer []byte) error {
	key, err := kem.NewPrivateKey(initKey)
	if err != nil {
		return err
	}
	secrets, err := w.open(&PrivateKeyPackage{KeyPackage: k, initKey: key})
	if err != nil {
		return err
	}
	info, err := w.openGroupInfo(welcomeSecret(secrets.joinerSecret, noSecret))
	if err != nil {
		return err
	}
	g := &Group{context: info.context}
	if err := g.enterEpoch(epochSecret(secrets.joinerSecret, noSecret, info.context.appendTo(nil)), info.confirmationTag); err != nil {
		return err
	}
	return verifyWithLabel(signer, "GroupInfoTBS", info.toBeSigned(), info.signature)
}
