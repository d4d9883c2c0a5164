package mls

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"fmt"
	"io"
	"math"
)

// PrivateKeyPackage is a KeyPackage with the private keys of its owner. It never
// changes and may be used concurrently.
type PrivateKeyPackage struct {
	KeyPackage *KeyPackage

	initKey, encryptionKey hpke.PrivateKey
	signatureKey           *SignatureKey
}

// NewKeyPackage makes a key package as DAVE wants it: basic credential, no extensions,
// no expiry, fresh init and encryption keys of 32 bytes of random each.
func NewKeyPackage(random io.Reader, key *SignatureKey, identity []byte) (*PrivateKeyPackage, error) {
	initKey, err := newKeyPair(random)
	if err != nil {
		return nil, fmt.Errorf("make init key: %w", err)
	}
	encryptionKey, err := newKeyPair(random)
	if err != nil {
		return nil, fmt.Errorf("make encryption key: %w", err)
	}
	k := &KeyPackage{
		Version:     versionMLS10,
		CipherSuite: suiteP256,
		InitKey:     initKey.PublicKey().Bytes(),
		LeafNode: LeafNode{
			EncryptionKey: encryptionKey.PublicKey().Bytes(),
			SignatureKey:  key.Public(),
			Credential:    Credential{Identity: bytes.Clone(identity)},
			Capabilities:  profile,
			Source:        SourceKeyPackage,
			Lifetime:      Lifetime{NotBefore: 0, NotAfter: math.MaxUint64},
		},
	}
	if err := k.LeafNode.sign(key, nil, 0); err != nil {
		return nil, err
	}
	if k.Signature, err = key.signWithLabel("KeyPackageTBS", k.toBeSigned(nil)); err != nil {
		return nil, err
	}
	return &PrivateKeyPackage{k, initKey, encryptionKey, key}, nil
}

// ParsePrivateKeyPackage puts a key package and its private keys (32 bytes each)
// together, and checks that they belong together.
func ParsePrivateKeyPackage(keyPackage, initKey, encryptionKey, signatureKey []byte) (*PrivateKeyPackage, error) {
	k, err := ParseKeyPackage(keyPackage)
	if err != nil {
		return nil, err
	}
	p := &PrivateKeyPackage{KeyPackage: k}
	if p.initKey, err = kem.NewPrivateKey(initKey); err != nil {
		return nil, fmt.Errorf("init key: %w", err)
	}
	if p.encryptionKey, err = kem.NewPrivateKey(encryptionKey); err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	if p.signatureKey, err = ParseSignatureKey(signatureKey); err != nil {
		return nil, err
	}
	if !bytes.Equal(p.initKey.PublicKey().Bytes(), k.InitKey) ||
		!bytes.Equal(p.encryptionKey.PublicKey().Bytes(), k.LeafNode.EncryptionKey) ||
		!bytes.Equal(p.signatureKey.Public(), k.LeafNode.SignatureKey) {
		return nil, errors.New("private keys of another key package")
	}
	return p, nil
}
