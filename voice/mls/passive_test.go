package mls_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"busker/voice/mls"
)

// passiveClient is an entry of the passive-client vectors: a member who only joins and
// follows.
type passiveClient struct {
	ExternalPSKs []struct {
		ID  hexBytes `json:"psk_id"`
		PSK hexBytes `json:"psk"`
	} `json:"external_psks"`
	KeyPackage                hexBytes `json:"key_package"`
	SignaturePriv             hexBytes `json:"signature_priv"`
	EncryptionPriv            hexBytes `json:"encryption_priv"`
	InitPriv                  hexBytes `json:"init_priv"`
	Welcome                   hexBytes `json:"welcome"`
	RatchetTree               hexBytes `json:"ratchet_tree"`
	InitialEpochAuthenticator hexBytes `json:"initial_epoch_authenticator"`
	Epochs                    []struct {
		Proposals          []hexBytes `json:"proposals"`
		Commit             hexBytes   `json:"commit"`
		EpochAuthenticator hexBytes   `json:"epoch_authenticator"`
	} `json:"epochs"`
}

// mlsMessage strips the header of an MLSMessage of the given wire format.
func mlsMessage(t *testing.T, b []byte, format uint16) []byte {
	t.Helper()
	if len(b) < 4 || binary.BigEndian.Uint16(b) != 1 || binary.BigEndian.Uint16(b[2:]) != format {
		t.Fatalf("not an MLSMessage of wire format %d: %.8x…", format, b)
	}
	return b[4:]
}

func (c *passiveClient) join(t *testing.T) *mls.Group {
	t.Helper()
	own, err := mls.ParsePrivateKeyPackage(mlsMessage(t, c.KeyPackage, 5), c.InitPriv, c.EncryptionPriv, c.SignaturePriv)
	if err != nil {
		t.Fatal(err)
	}
	if err := own.KeyPackage.Validate(); err != nil {
		t.Errorf("key package: %v", err)
	}
	w, err := mls.ParseWelcome(mlsMessage(t, c.Welcome, 3))
	if err != nil {
		t.Fatal(err)
	}
	g, err := mls.JoinGroupWith(w, own, c.RatchetTree, c.pskSecret)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(g.EpochAuthenticator(), c.InitialEpochAuthenticator) {
		t.Fatal("another epoch authenticator after joining")
	}
	return g
}

// pskSecret computes the psk_secret (§8.4) of external pre-shared keys.
func (c *passiveClient) pskSecret(ids []byte) ([]byte, error) {
	var psks []psk
	for len(ids) > 0 {
		if ids[0] != 1 {
			return nil, errors.New("not an external PSK")
		}
		id, rest, err := mls.ReadVector(ids[1:])
		if err != nil {
			return nil, err
		}
		nonce, rest, err := mls.ReadVector(rest)
		if err != nil {
			return nil, err
		}
		ids = rest
		for _, e := range c.ExternalPSKs {
			if bytes.Equal(e.ID, id) {
				psks = append(psks, psk{id, nonce, e.PSK})
			}
		}
	}
	return pskSecret(psks), nil
}

type psk struct{ id, nonce, secret []byte }

func pskSecret(psks []psk) []byte {
	secret := make([]byte, 32)
	for i, p := range psks {
		label := mls.AppendVector([]byte{1}, p.id)
		label = mls.AppendVector(label, p.nonce)
		label = binary.BigEndian.AppendUint16(label, uint16(i))
		label = binary.BigEndian.AppendUint16(label, uint16(len(psks)))
		input := mls.ExpandWithLabel(extract(make([]byte, 32), p.secret), "derived psk", label, 32)
		secret = extract(input, secret)
	}
	return secret
}

func extract(salt, secret []byte) []byte {
	prk, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		panic(err)
	}
	return prk
}

func TestPassiveClientWelcomeVectors(t *testing.T) {
	for i, c := range vectors[passiveClient](t, "passive-client-welcome.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c.follow(t, c.join(t))
		})
	}
}

func TestPassiveClientHandlingCommitVectors(t *testing.T) {
	// The others have proposals that DAVE has not: pre-shared keys (2, 3, 5, 9, 10, 12),
	// group context extensions (4, 11), Update (7).
	profile := []int{0, 1, 6, 8}
	for i, c := range vectors[passiveClient](t, "passive-client-handling-commit.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if !slices.Contains(profile, i) {
				t.Skip("proposals outside DAVE's profile")
			}
			c.follow(t, c.join(t))
		})
	}
}

// follow processes the commits of all epochs.
func (c *passiveClient) follow(t *testing.T, g *mls.Group) {
	for i, e := range c.Epochs {
		cache := make(map[mls.ProposalRef]mls.Proposal)
		for _, b := range e.Proposals {
			m, rest, err := mls.ParsePublicMessage(b)
			if err != nil || len(rest) > 0 {
				t.Fatalf("epoch %d: proposal: %v, %d bytes after it", i, err, len(rest))
			}
			cache[m.ProposalRef()] = *m.Content.Proposal
		}
		m, rest, err := mls.ParsePublicMessage(e.Commit)
		if err != nil || len(rest) > 0 {
			t.Fatalf("epoch %d: commit: %v, %d bytes after it", i, err, len(rest))
		}
		next, err := g.Process(m, func(r mls.ProposalRef) (mls.Proposal, bool) {
			p, found := cache[r]
			return p, found
		})
		if err != nil {
			t.Fatalf("epoch %d: %v", i, err)
		}
		if g = next; !bytes.Equal(g.EpochAuthenticator(), e.EpochAuthenticator) {
			t.Fatalf("epoch %d: another epoch authenticator", i)
		}
	}
}
