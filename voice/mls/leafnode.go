package mls

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// LeafNodeSource says what made a leaf (§7.2).
type LeafNodeSource uint8

// The sources of a leaf.
const (
	SourceKeyPackage LeafNodeSource = 1
	SourceUpdate     LeafNodeSource = 2
	SourceCommit     LeafNodeSource = 3
)

// Capabilities are what a member says it understands (§7.2), as code points.
type Capabilities struct {
	Versions, CipherSuites, Extensions, Proposals, Credentials []uint16
}

// profile is what members of our groups understand. Default extension and proposal
// types are not listed (§7.2).
var profile = Capabilities{
	Versions:     []uint16{uint16(versionMLS10)},
	CipherSuites: []uint16{uint16(suiteP256)},
	Credentials:  []uint16{credentialBasic},
}

func readCapabilities(d *decoder) Capabilities {
	return Capabilities{
		Versions:     readList(d, (*decoder).uint16),
		CipherSuites: readList(d, (*decoder).uint16),
		Extensions:   readList(d, (*decoder).uint16),
		Proposals:    readList(d, (*decoder).uint16),
		Credentials:  readList(d, (*decoder).uint16),
	}
}

func (c *Capabilities) appendTo(dst []byte) []byte {
	for _, list := range [...][]uint16{c.Versions, c.CipherSuites, c.Extensions, c.Proposals, c.Credentials} {
		dst = appendList(dst, list, appendUint16)
	}
	return dst
}

func (c *Capabilities) supportsProfile() bool {
	return slices.Contains(c.Versions, uint16(versionMLS10)) &&
		slices.Contains(c.CipherSuites, uint16(suiteP256)) &&
		slices.Contains(c.Credentials, credentialBasic)
}

// checkExtensions checks that a leaf's extensions are among its capabilities (§7.3).
func (c *Capabilities) checkExtensions(list []Extension) error {
	for _, e := range list {
		if !e.Type.isDefault() && !slices.Contains(c.Extensions, uint16(e.Type)) {
			return fmt.Errorf("leaf with extension %d, which is not among its capabilities", e.Type)
		}
	}
	return nil
}

// Lifetime is when a key package may be used, in Unix seconds (§7.2). DAVE does not
// check it.
type Lifetime struct{ NotBefore, NotAfter uint64 }

// LeafNode is a member's leaf (§7.2).
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
	Capabilities  Capabilities
	Source        LeafNodeSource
	Lifetime      Lifetime // with SourceKeyPackage
	ParentHash    []byte   // with SourceCommit
	Extensions    []Extension
	Signature     []byte
}

func readLeafNode(d *decoder) LeafNode {
	n := LeafNode{
		EncryptionKey: d.vector(),
		SignatureKey:  d.vector(),
		Credential:    readCredential(d),
		Capabilities:  readCapabilities(d),
		Source:        LeafNodeSource(d.uint8()),
	}
	switch n.Source {
	case SourceKeyPackage:
		n.Lifetime = Lifetime{NotBefore: d.uint64(), NotAfter: d.uint64()}
	case SourceUpdate:
	case SourceCommit:
		n.ParentHash = d.vector()
	default:
		d.fail(fmt.Errorf("leaf of source %d", n.Source))
	}
	n.Extensions = readExtensions(d)
	n.Signature = d.vector()
	return n
}

func (n *LeafNode) appendUnsigned(dst []byte) []byte {
	dst = AppendVector(dst, n.EncryptionKey)
	dst = AppendVector(dst, n.SignatureKey)
	dst = n.Credential.appendTo(dst)
	dst = n.Capabilities.appendTo(dst)
	dst = append(dst, byte(n.Source))
	switch n.Source {
	case SourceKeyPackage:
		dst = appendUint64(dst, n.Lifetime.NotBefore)
		dst = appendUint64(dst, n.Lifetime.NotAfter)
	case SourceCommit:
		dst = AppendVector(dst, n.ParentHash)
	}
	return appendExtensions(dst, n.Extensions)
}

func (n *LeafNode) appendTo(dst []byte) []byte {
	return AppendVector(n.appendUnsigned(dst), n.Signature)
}

// toBeSigned is LeafNodeTBS (§7.2). The place in a group is signed too, unless the
// leaf is of a key package.
func (n *LeafNode) toBeSigned(groupID []byte, leaf LeafIndex) []byte {
	b := n.appendUnsigned(nil)
	if n.Source != SourceKeyPackage {
		b = AppendVector(b, groupID)
		b = appendUint32(b, uint32(leaf))
	}
	return b
}

func (n *LeafNode) sign(key *SignatureKey, groupID []byte, leaf LeafIndex) (err error) {
	n.Signature, err = key.signWithLabel("LeafNodeTBS", n.toBeSigned(groupID, leaf))
	return err
}

// validate checks what §7.3 wants of a leaf by itself. The lifetime is not checked.
func (n *LeafNode) validate(groupID []byte, leaf LeafIndex) error {
	if !n.Capabilities.supportsProfile() {
		return errors.New("leaf without our version, cipher suite or credential among its capabilities")
	}
	if err := n.Capabilities.checkExtensions(n.Extensions); err != nil {
		return err
	}
	if _, err := kem.NewPublicKey(n.EncryptionKey); err != nil {
		return fmt.Errorf("encryption key of leaf: %w", err)
	}
	if err := verifyWithLabel(n.SignatureKey, "LeafNodeTBS", n.toBeSigned(groupID, leaf), n.Signature); err != nil {
		return fmt.Errorf("leaf: %w", err)
	}
	return nil
}

func (n *LeafNode) equal(other *LeafNode) bool {
	return bytes.Equal(n.SignatureKey, other.SignatureKey) && bytes.Equal(n.appendTo(nil), other.appendTo(nil))
}
