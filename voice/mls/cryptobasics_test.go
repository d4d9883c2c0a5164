package mls_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"busker/voice/mls"
)

// equal reports a value that differs.
func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is %x, want %x", what, got, want)
	}
}

func TestCryptoBasicsVectors(t *testing.T) {
	type vector struct {
		RefHash struct {
			Label      string
			Value, Out hexBytes
		} `json:"ref_hash"`
		ExpandWithLabel struct {
			Secret, Context, Out hexBytes
			Label                string
			Length               int
		} `json:"expand_with_label"`
		DeriveSecret struct {
			Label       string
			Secret, Out hexBytes
		} `json:"derive_secret"`
		DeriveTreeSecret struct {
			Label       string
			Secret, Out hexBytes
			Generation  uint32
			Length      int
		} `json:"derive_tree_secret"`
		SignWithLabel struct {
			Label                         string
			Priv, Pub, Content, Signature hexBytes
		} `json:"sign_with_label"`
		EncryptWithLabel struct {
			Label                         string
			Priv, Pub, Context, Plaintext hexBytes
			KEMOutput                     hexBytes `json:"kem_output"`
			Ciphertext                    hexBytes
		} `json:"encrypt_with_label"`
	}
	for _, v := range vectors[vector](t, "crypto-basics.json") {
		ref := mls.RefHash(v.RefHash.Label, v.RefHash.Value)
		equal(t, "RefHash", ref[:], v.RefHash.Out)
		x := v.ExpandWithLabel
		equal(t, "ExpandWithLabel", mls.ExpandWithLabel(x.Secret, x.Label, x.Context, x.Length), x.Out)
		equal(t, "DeriveSecret", mls.DeriveSecret(v.DeriveSecret.Secret, v.DeriveSecret.Label), v.DeriveSecret.Out)
		d := v.DeriveTreeSecret
		equal(t, "DeriveTreeSecret", deriveTreeSecret(d.Secret, d.Label, d.Generation, d.Length), d.Out)

		s := v.SignWithLabel
		if err := mls.VerifyWithLabel(s.Pub, s.Label, s.Content, s.Signature); err != nil {
			t.Error(err)
		}
		key := must(mls.ParseSignatureKey(s.Priv))
		equal(t, "public key", key.Public(), s.Pub)
		if err := mls.VerifyWithLabel(s.Pub, s.Label, s.Content, must(mls.SignWithLabel(key, s.Label, s.Content))); err != nil {
			t.Error("our own signature: ", err)
		}

		e := v.EncryptWithLabel
		c := mls.HPKECiphertext{KEMOutput: e.KEMOutput, Ciphertext: e.Ciphertext}
		equal(t, "plaintext", must(mls.DecryptWithLabel(e.Priv, e.Label, e.Context, c)), e.Plaintext)
		c = must(mls.EncryptWithLabel(e.Pub, e.Label, e.Context, e.Plaintext))
		equal(t, "our own plaintext", must(mls.DecryptWithLabel(e.Priv, e.Label, e.Context, c)), e.Plaintext)
	}
}

func deriveTreeSecret(secret []byte, label string, generation uint32, length int) []byte {
	return mls.ExpandWithLabel(secret, label, binary.BigEndian.AppendUint32(nil, generation), length)
}

// TestSecretTreeVectors runs the labels of the secret tree (§9) on ExpandWithLabel;
// media keys use the ratchet of its leaves.
func TestSecretTreeVectors(t *testing.T) {
	type vector struct {
		EncryptionSecret hexBytes `json:"encryption_secret"`
		Leaves           [][]struct {
			Generation       uint32   `json:"generation"`
			ApplicationKey   hexBytes `json:"application_key"`
			ApplicationNonce hexBytes `json:"application_nonce"`
			HandshakeKey     hexBytes `json:"handshake_key"`
			HandshakeNonce   hexBytes `json:"handshake_nonce"`
		} `json:"leaves"`
	}
	for i, v := range vectors[vector](t, "secret-tree.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			for leaf, generations := range v.Leaves {
				secret := leafSecret(v.EncryptionSecret, len(v.Leaves), leaf)
				application := mls.ExpandWithLabel(secret, "application", nil, 32)
				handshake := mls.ExpandWithLabel(secret, "handshake", nil, 32)
				for _, g := range generations {
					key, nonce := ratchet(application, g.Generation)
					equal(t, "application key", key, g.ApplicationKey)
					equal(t, "application nonce", nonce, g.ApplicationNonce)
					key, nonce = ratchet(handshake, g.Generation)
					equal(t, "handshake key", key, g.HandshakeKey)
					equal(t, "handshake nonce", nonce, g.HandshakeNonce)
				}
			}
		})
	}
}

func leafSecret(secret []byte, leaves, leaf int) []byte {
	tree := mls.EmptyTree(leaves)
	for x := tree.Root(); x != mls.NodeIndex(2*leaf); {
		if mls.NodeIndex(2*leaf) < x {
			secret, x = mls.ExpandWithLabel(secret, "tree", []byte("left"), 32), x.Left()
		} else {
			secret, x = mls.ExpandWithLabel(secret, "tree", []byte("right"), 32), x.Right()
		}
	}
	return secret
}

func ratchet(secret []byte, generation uint32) (key, nonce []byte) {
	for g := range generation {
		secret = deriveTreeSecret(secret, "secret", g, 32)
	}
	return deriveTreeSecret(secret, "key", generation, 16), deriveTreeSecret(secret, "nonce", generation, 12)
}

func TestPSKSecretVectors(t *testing.T) {
	type vector struct {
		PSKs []struct {
			ID    hexBytes `json:"psk_id"`
			PSK   hexBytes `json:"psk"`
			Nonce hexBytes `json:"psk_nonce"`
		} `json:"psks"`
		PSKSecret hexBytes `json:"psk_secret"`
	}
	for i, v := range vectors[vector](t, "psk_secret.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			var psks []psk
			for _, p := range v.PSKs {
				psks = append(psks, psk{p.ID, p.Nonce, p.PSK})
			}
			equal(t, "psk_secret", pskSecret(psks), v.PSKSecret)
		})
	}
}

func TestSignaturesAreDeterministic(t *testing.T) {
	key := must(mls.NewSignatureKey(rand.Reader))
	a, b := must(mls.SignWithLabel(key, "x", []byte{1})), must(mls.SignWithLabel(key, "x", []byte{1}))
	equal(t, "the second signature", b, a)
	for name, err := range map[string]error{
		"other label":   mls.VerifyWithLabel(key.Public(), "y", []byte{1}, a),
		"other content": mls.VerifyWithLabel(key.Public(), "x", []byte{2}, a),
		"no signature":  mls.VerifyWithLabel(key.Public(), "x", []byte{1}, nil),
		"no key":        mls.VerifyWithLabel(nil, "x", []byte{1}, a),
		"no point":      mls.VerifyWithLabel(make([]byte, 65), "x", []byte{1}, a),
	} {
		if err == nil {
			t.Errorf("verified with %s", name)
		}
	}
}

// TestRandomnessIsInjected makes the same keys of the same bytes.
func TestRandomnessIsInjected(t *testing.T) {
	keys := func() []byte {
		random := bytes.NewReader(slices.Repeat([]byte{1, 2, 3, 4}, 24))
		key := must(mls.NewSignatureKey(random))
		return must(mls.NewKeyPackage(random, key, identity(1))).KeyPackage.Marshal()
	}
	equal(t, "the second key package", keys(), keys())
	if _, err := mls.NewSignatureKey(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("made a key of 31 bytes")
	}
}

func TestExpandWithLabelRefusesAbsurdLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("expanded to more than HKDF gives")
		}
	}()
	mls.ExpandWithLabel(make([]byte, 32), "x", nil, 255*32+1)
}
