package mls

import "io"

type (
	// LeafIndex numbers the leaves from the left.
	LeafIndex uint32
	// ProposalType is the type of a Proposal (§17.4).
	ProposalType uint16
	// HashReference names an object by its hash (§5.2).
	HashReference [32]byte
	// KeyPackageRef names a KeyPackage.
	KeyPackageRef = HashReference
	// ProposalRef names a Proposal.
	ProposalRef = HashReference
)

// The proposal types in use.
const (
	ProposalAdd    ProposalType = 1
	ProposalRemove ProposalType = 3
)

// SenderType says who sent a FramedContent (§6).
type SenderType uint8

// The sender types in use.
const (
	SenderMember   SenderType = 1
	SenderExternal SenderType = 2
)

// ContentType says what a FramedContent holds (§6).
type ContentType uint8

// The content types in use.
const (
	ContentProposal ContentType = 2
	ContentCommit   ContentType = 3
)

// ExtensionType is the type of an Extension (§17.3).
type ExtensionType uint16

// The extension types in use.
const (
	ExtensionRatchetTree     ExtensionType = 2
	ExtensionExternalSenders ExtensionType = 5
)

// Extension is an extension of a leaf, key package, group context or group info.
type Extension struct {
	Type ExtensionType
	Data []byte
}

// Credential is a basic credential (§5.3).
type Credential struct{ Identity []byte }

// ExternalSender may propose without being a member (§12.1.8.1).
type ExternalSender struct {
	SignatureKey []byte
	Credential   Credential
}

// ParseExternalSender reads one ExternalSender and nothing after it.
func ParseExternalSender(b []byte) (*ExternalSender, error) { return nil, errTodo }

// Marshal returns the TLS serialisation.
func (s *ExternalSender) Marshal() []byte { return nil }

// LeafNode is a member's leaf (§7.2).
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
}

// KeyPackage invites its owner into groups (§10).
type KeyPackage struct {
	InitKey    []byte
	LeafNode   LeafNode
	Extensions []Extension
	Signature  []byte
}

// ParseKeyPackage reads one bare KeyPackage and nothing after it. It is not validated.
func ParseKeyPackage(b []byte) (*KeyPackage, error) { return nil, errTodo }

// Marshal returns the TLS serialisation.
func (k *KeyPackage) Marshal() []byte { return nil }

// Ref names the key package.
func (k *KeyPackage) Ref() KeyPackageRef { return KeyPackageRef{} }

// Validate checks it as §10.1 wants: suite, signatures, keys, capabilities, credential.
func (k *KeyPackage) Validate() error { return errTodo }

// Proposal is an Add or a Remove (§12.1).
type Proposal struct {
	Type   ProposalType
	Add    *KeyPackage // with ProposalAdd
	Remove LeafIndex   // with ProposalRemove
}

// ProposalOrRef is a proposal in a Commit, inline or by reference.
type ProposalOrRef struct {
	Inline *Proposal // nil: by reference
	Ref    ProposalRef
}

// HPKECiphertext is a ciphertext and the encapsulated key before it (§7.6).
type HPKECiphertext struct{ KEMOutput, Ciphertext []byte }

// UpdatePathNode is one node of an UpdatePath (§7.6).
type UpdatePathNode struct {
	EncryptionKey       []byte
	EncryptedPathSecret []HPKECiphertext
}

// UpdatePath renews the committer's path (§7.6).
type UpdatePath struct {
	LeafNode LeafNode
	Nodes    []UpdatePathNode
}

// Commit applies proposals (§12.4).
type Commit struct {
	Proposals []ProposalOrRef
	Path      *UpdatePath // nil: none
}

// Sender of a FramedContent; Leaf with SenderMember, Index with SenderExternal.
type Sender struct {
	Type  SenderType
	Leaf  LeafIndex
	Index uint32
}

// FramedContent is what is signed (§6).
type FramedContent struct {
	GroupID           []byte
	Epoch             uint64
	Sender            Sender
	AuthenticatedData []byte
	Type              ContentType
	Proposal          *Proposal // with ContentProposal
	Commit            *Commit   // with ContentCommit
}

// PublicMessage is a signed proposal or commit in the clear (§6.2).
type PublicMessage struct {
	Content         FramedContent
	Signature       []byte
	ConfirmationTag []byte // of a commit
	MembershipTag   []byte // of a member
}

// ParsePublicMessage reads one MLSMessage that holds a PublicMessage, and returns
// what follows it.
func ParsePublicMessage(b []byte) (m *PublicMessage, rest []byte, err error) {
	return nil, nil, errTodo
}

// Marshal returns the TLS serialisation as an MLSMessage.
func (m *PublicMessage) Marshal() []byte { return nil }

// ProposalRef names the proposal in m (§5.2).
func (m *PublicMessage) ProposalRef() ProposalRef { return ProposalRef{} }

// SignExternalProposal makes the message by which an external sender proposes
// (§12.1.8): a delivery service's half, which members never need.
func SignExternalProposal(key *SignatureKey, groupID []byte, epoch uint64, index uint32, p Proposal) (*PublicMessage, error) {
	return nil, errTodo
}

// EncryptedGroupSecrets are the secrets of a Welcome for one new member (§12.4.3.1).
type EncryptedGroupSecrets struct {
	NewMember             KeyPackageRef
	EncryptedGroupSecrets HPKECiphertext
}

// Welcome brings new members into a group (§12.4.3.1).
type Welcome struct {
	Secrets            []EncryptedGroupSecrets
	EncryptedGroupInfo []byte
}

// ParseWelcome reads one bare Welcome and nothing after it.
func ParseWelcome(b []byte) (*Welcome, error) { return nil, errTodo }

// Marshal returns the TLS serialisation of the bare Welcome.
func (w *Welcome) Marshal() []byte { return nil }

// SignatureKey is a private key that signs (§5.1.2), ECDSA on P-256.
type SignatureKey struct{}

// NewSignatureKey makes a key.
func NewSignatureKey(random io.Reader) (*SignatureKey, error) { return nil, errTodo }

// ParseSignatureKey reads the 32 bytes of a private key.
func ParseSignatureKey(d []byte) (*SignatureKey, error) { return nil, errTodo }

// Public returns the public key as an uncompressed point of 65 bytes.
func (k *SignatureKey) Public() []byte { return nil }

// PrivateKeyPackage is a KeyPackage with the private keys of its owner. It never
// changes and may be used concurrently.
type PrivateKeyPackage struct{ KeyPackage *KeyPackage }

// NewKeyPackage makes a key package as DAVE wants it: basic credential, no extensions,
// no expiry, fresh init and encryption keys.
func NewKeyPackage(random io.Reader, key *SignatureKey, identity []byte) (*PrivateKeyPackage, error) {
	return nil, errTodo
}

// ParsePrivateKeyPackage puts a key package and its private keys (32 bytes each)
// together, and checks that they belong together.
func ParsePrivateKeyPackage(keyPackage, initKey, encryptionKey, signatureKey []byte) (*PrivateKeyPackage, error) {
	return nil, errTodo
}

// ReadVector splits a variable-size vector (§2.1.2) off b: its content, and the rest.
func ReadVector(b []byte) (content, rest []byte, err error) { return nil, nil, errTodo }

// AppendVector appends content as a variable-size vector.
func AppendVector(dst, content []byte) []byte { return nil }

// ExpandWithLabel derives length bytes from a secret (§8).
func ExpandWithLabel(secret []byte, label string, context []byte, length int) []byte { return nil }
