package mls_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"busker/voice/mls"
)

// daveSession is a real group of DAVE members of another make, seen by a member who
// only follows.
type daveSession struct {
	GroupID        hexBytes `json:"group_id"`
	ExternalSender hexBytes `json:"external_sender_op25"`
	Client         struct {
		KeyPackage     hexBytes `json:"key_package"`
		InitPriv       hexBytes `json:"init_priv"`
		EncryptionPriv hexBytes `json:"encryption_priv"`
		SignaturePriv  hexBytes `json:"signature_priv"`
	} `json:"client"`
	Welcome hexBytes    `json:"welcome_op30"`
	Initial daveEpoch   `json:"initial"`
	Epochs  []daveEpoch `json:"epochs"`
}

type daveEpoch struct {
	Proposals          []hexBytes          `json:"op27_payloads"`
	Commit             hexBytes            `json:"commit_op29"`
	Epoch              uint64              `json:"epoch"`
	EpochAuthenticator hexBytes            `json:"epoch_authenticator"`
	OwnLeaf            mls.LeafIndex       `json:"own_leaf"`
	Members            []json.RawMessage   `json:"members"`
	SenderBaseSecrets  map[string]hexBytes `json:"sender_base_secrets"`
}

func TestFollowsSessionOfOtherDAVEMembers(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root(t), "..", "shared", "vectors", "dave-passive-session.json"))
	if os.IsNotExist(err) {
		t.Skip("no test vectors: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var s daveSession
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	own, err := mls.ParsePrivateKeyPackage(s.Client.KeyPackage, s.Client.InitPriv, s.Client.EncryptionPriv, s.Client.SignaturePriv)
	if err != nil {
		t.Fatal(err)
	}
	w, err := mls.ParseWelcome(s.Welcome)
	if err != nil {
		t.Fatal(err)
	}
	g, err := mls.JoinGroup(w, own)
	if err != nil {
		t.Fatal(err)
	}
	s.Initial.check(t, g)
	for _, e := range s.Epochs {
		g = e.follow(t, g)
		e.check(t, g)
	}
}

func (e *daveEpoch) check(t *testing.T, g *mls.Group) {
	t.Helper()
	if g.Epoch() != e.Epoch || g.OwnLeaf() != e.OwnLeaf || len(g.Members()) != len(e.Members) {
		t.Fatalf("epoch %d, own leaf %d, %d members; want %d, %d, %d",
			g.Epoch(), g.OwnLeaf(), len(g.Members()), e.Epoch, e.OwnLeaf, len(e.Members))
	}
	if !bytes.Equal(g.EpochAuthenticator(), e.EpochAuthenticator) {
		t.Fatal("another epoch authenticator")
	}
	for id, want := range e.SenderBaseSecrets {
		n, err := json.Number(id).Int64()
		if err != nil {
			t.Fatal(err)
		}
		context := binary.LittleEndian.AppendUint64(nil, uint64(n))
		if got := g.Export("Discord Secure Frames v0", context, 16); !bytes.Equal(got, want) {
			t.Errorf("sender base secret of %s: %x, want %x", id, got, want)
		}
	}
}

func (e *daveEpoch) follow(t *testing.T, g *mls.Group) *mls.Group {
	t.Helper()
	cache := make(map[mls.ProposalRef]mls.Proposal)
	for _, p := range e.Proposals {
		list, rest, err := mls.ReadVector(p[1:])
		if err != nil || len(rest) > 0 {
			t.Fatalf("op 27: %v", err)
		}
		for len(list) > 0 {
			if p[0] == 1 {
				var ref []byte
				if ref, list, err = mls.ReadVector(list); err != nil {
					t.Fatal(err)
				}
				if _, found := cache[mls.ProposalRef(ref)]; !found {
					t.Fatal("revocation of an unknown proposal")
				}
				delete(cache, mls.ProposalRef(ref))
				continue
			}
			var m *mls.PublicMessage
			if m, list, err = mls.ParsePublicMessage(list); err != nil {
				t.Fatal(err)
			}
			c, err := g.VerifyProposal(m)
			if err != nil {
				t.Fatal(err)
			}
			cache[c.Ref] = c.Proposal
		}
	}
	m, _, err := mls.ParsePublicMessage(e.Commit)
	if err != nil {
		t.Fatal(err)
	}
	next, err := g.Process(m, func(r mls.ProposalRef) (mls.Proposal, bool) {
		p, found := cache[r]
		return p, found
	})
	if err != nil {
		t.Fatal(err)
	}
	return next
}
