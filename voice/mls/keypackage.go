package mls

import (
	"bytes"
	"errors"
	"fmt"
)

// ProtocolVersion is a version of MLS (§17.1).
type ProtocolVersion uint16

// CipherSuite is a cipher suite of MLS (§17.1).
type CipherSuite uint16

const (
	versionMLS10 ProtocolVersion = 1
	suiteP256    CipherSuite     = 2 // MLS_128_DHKEMP256_AES128GCM_SHA256_P256
)

// KeyPackage invites its owner into groups (§10).
type KeyPackage struct {
	Version     ProtocolVersion
	CipherSuite CipherSuite
	InitKey     []byte
	LeafNode    LeafNode
	Extensions  []Extension
	Signature   []byte
}

func readKeyPackage(d *decoder) *KeyPackage {
	return &KeyPackage{
		Version:     ProtocolVersion(d.uint16()),
		CipherSuite: CipherSuite(d.uint16()),
		InitKey:     d.vector(),
		LeafNode:    readLeafNode(d),
		Extensions:  readExtensions(d),
		Signature:   d.vector(),
	}
}

// ParseKeyPackage reads one bare KeyPackage and nothing after it. It is not validated.
func ParseKeyPackage(b []byte) (*KeyPackage, error) {
	k, err := parse(b, readKeyPackage)
	if err != nil {
		return nil, fmt.Errorf("key package: %w", err)
	}
	return k, nil
}

// toBeSigned is KeyPackageTBS (§10).
func (k *KeyPackage) toBeSigned(dst []byte) []byte {
	dst = appendUint16(dst, uint16(k.Version))
	dst = appendUint16(dst, uint16(k.CipherSuite))
	dst = AppendVector(dst, k.InitKey)
	dst = k.LeafNode.appendTo(dst)
	return appendExtensions(dst, k.Extensions)
}

func (k *KeyPackage) appendTo(dst []byte) []byte {
	return AppendVector(k.toBeSigned(dst), k.Signature)
}

// Marshal returns the TLS serialisation.
func (k *KeyPackage) Marshal() []byte { return k.appendTo(nil) }

// Ref names the key package (§5.2).
func (k *KeyPackage) Ref() KeyPackageRef {
	return refHash("MLS 1.0 KeyPackage Reference", k.Marshal())
}

// Validate checks it as §10.1 wants: suite, signatures, keys, capabilities, credential.
// Its lifetime is not checked.
func (k *KeyPackage) Validate() error {
	if k.Version != versionMLS10 || k.CipherSuite != suiteP256 {
		return fmt.Errorf("key package of version %d, cipher suite %d", k.Version, k.CipherSuite)
	}
	if k.LeafNode.Source != SourceKeyPackage {
		return fmt.Errorf("key package with a leaf of source %d", k.LeafNode.Source)
	}
	if bytes.Equal(k.InitKey, k.LeafNode.EncryptionKey) {
		return errors.New("key package with one key for two uses")
	}
	if _, err := kem.NewPublicKey(k.InitKey); err != nil {
		return fmt.Errorf("init key of key package: %w", err)
	}
	if err := k.LeafNode.validate(nil, 0); err != nil {
		return err
	}
	err := verifyWithLabel(k.LeafNode.SignatureKey, "KeyPackageTBS", k.toBeSigned(nil), k.Signature)
	if err != nil {
		return fmt.Errorf("key package: %w", err)
	}
	return nil
}
