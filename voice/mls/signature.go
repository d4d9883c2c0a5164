package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
)

var errSignature = errors.New("wrong signature")

// SignatureKey is a private key that signs (§5.1.2), ECDSA on P-256. It never changes
// and may be used concurrently.
type SignatureKey struct {
	private *ecdsa.PrivateKey
	public  []byte
}

// NewSignatureKey makes a key of 32 bytes of random.
func NewSignatureKey(random io.Reader) (*SignatureKey, error) {
	pair, err := newKeyPair(random)
	if err != nil {
		return nil, fmt.Errorf("make signature key: %w", err)
	}
	d, err := pair.Bytes()
	if err != nil {
		return nil, fmt.Errorf("make signature key: %w", err)
	}
	return ParseSignatureKey(d)
}

// ParseSignatureKey reads the 32 bytes of a private key.
func ParseSignatureKey(d []byte) (*SignatureKey, error) {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		return nil, fmt.Errorf("signature key: %w", err)
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("signature key: %w", err)
	}
	return &SignatureKey{private: private, public: public}, nil
}

// Public returns the public key as an uncompressed point of 65 bytes. It must not be
// changed.
func (k *SignatureKey) Public() []byte { return k.public }

// signWithLabel is SignWithLabel (§5.1.2). It signs deterministically (RFC 6979).
func (k *SignatureKey) signWithLabel(label string, content []byte) ([]byte, error) {
	signature, err := k.private.Sign(nil, hash(labelled(label, content)), crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", label, err)
	}
	return signature, nil
}

// verifyWithLabel is VerifyWithLabel (§5.1.2).
func verifyWithLabel(publicKey []byte, label string, content, signature []byte) error {
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), publicKey)
	if err != nil {
		return fmt.Errorf("signature key: %w", err)
	}
	if !ecdsa.VerifyASN1(key, hash(labelled(label, content)), signature) {
		return fmt.Errorf("%w of %s", errSignature, label)
	}
	return nil
}
