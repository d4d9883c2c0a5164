package mls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Sizes in cipher suite 2, in bytes.
const (
	hashSize  = sha256.Size // KDF.Nh
	keySize   = 16          // AEAD.Nk
	nonceSize = 12          // AEAD.Nn
	pointSize = 65          // an uncompressed point, and HPKE's kem_output
)

var (
	kem  = hpke.DHKEM(ecdh.P256())
	kdf  = hpke.HKDFSHA256()
	aead = hpke.AES128GCM()
)

// labelPrefix goes before every label but those of RefHash (§5.1).
const labelPrefix = "MLS 1.0 "

// labelled is SignContent and EncryptContext (§5.1.2, §5.1.3).
func labelled(label string, content []byte) []byte {
	b := AppendVector(nil, []byte(labelPrefix+label))
	return AppendVector(b, content)
}

// HashReference names an object by its hash (§5.2).
type (
	HashReference [hashSize]byte
	// KeyPackageRef names a KeyPackage.
	KeyPackageRef = HashReference
	// ProposalRef names a Proposal.
	ProposalRef = HashReference
)

func readHashReference(d *decoder) (r HashReference) {
	b := d.vector()
	if d.err == nil && len(b) != hashSize {
		d.fail(fmt.Errorf("reference of %d bytes", len(b)))
	}
	copy(r[:], b)
	return r
}

// refHash is RefHash (§5.2). Its labels are complete.
func refHash(label string, value []byte) HashReference {
	b := AppendVector(nil, []byte(label))
	return sha256.Sum256(AppendVector(b, value))
}

func hash(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

func extract(salt, inputKeyMaterial []byte) []byte {
	prk, err := hkdf.Extract(sha256.New, inputKeyMaterial, salt)
	if err != nil {
		panic(err) // only where FIPS 140 is enforced, which HPKE's labels exclude already
	}
	return prk
}

// ExpandWithLabel derives length bytes from a secret (§8). Length is at most 8160, the
// most that HKDF gives; it panics above.
func ExpandWithLabel(secret []byte, label string, context []byte, length int) []byte {
	info := appendUint16(nil, uint16(length))
	info = AppendVector(info, []byte(labelPrefix+label))
	info = AppendVector(info, context)
	out, err := hkdf.Expand(sha256.New, secret, string(info), length)
	if err != nil {
		panic(err)
	}
	return out
}

// deriveSecret is DeriveSecret (§8).
func deriveSecret(secret []byte, label string) []byte {
	return ExpandWithLabel(secret, label, nil, hashSize)
}

// newKeyPair derives an HPKE key pair (RFC 9180 §7.1.3) from bytes of random.
func newKeyPair(random io.Reader) (hpke.PrivateKey, error) {
	ikm := make([]byte, hashSize)
	if _, err := io.ReadFull(random, ikm); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return kem.DeriveKeyPair(ikm)
}

// encryptWithLabel is EncryptWithLabel (§5.1.3). The ephemeral key is always of
// crypto/rand.
func encryptWithLabel(publicKey []byte, label string, context, plaintext []byte) (HPKECiphertext, error) {
	key, err := kem.NewPublicKey(publicKey)
	if err != nil {
		return HPKECiphertext{}, fmt.Errorf("encrypt with %q: %w", label, err)
	}
	b, err := hpke.Seal(key, kdf, aead, labelled(label, context), plaintext)
	if err != nil {
		return HPKECiphertext{}, fmt.Errorf("encrypt with %q: %w", label, err)
	}
	return HPKECiphertext{KEMOutput: b[:pointSize:pointSize], Ciphertext: b[pointSize:]}, nil
}

// decryptWithLabel is DecryptWithLabel (§5.1.3).
func decryptWithLabel(key hpke.PrivateKey, label string, context []byte, c HPKECiphertext) ([]byte, error) {
	if len(c.KEMOutput) != pointSize {
		return nil, errors.New("encapsulated key of another size")
	}
	b := append(c.KEMOutput[:pointSize:pointSize], c.Ciphertext...)
	plaintext, err := hpke.Open(key, kdf, aead, labelled(label, context), b)
	if err != nil {
		return nil, fmt.Errorf("decrypt with %q: %w", label, err)
	}
	return plaintext, nil
}

// newAEAD returns the suite's AES-128-GCM.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
