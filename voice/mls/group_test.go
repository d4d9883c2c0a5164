package mls_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"busker/voice/mls"
)

// A delivery service proposes that Bob joins, Alice commits, Bob follows the Welcome.
func Example() {
	service, _ := mls.NewSignatureKey(rand.Reader)
	aliceKey, _ := mls.NewSignatureKey(rand.Reader)
	bobKey, _ := mls.NewSignatureKey(rand.Reader)
	alice, _ := mls.NewKeyPackage(rand.Reader, aliceKey, []byte("alice"))
	bob, _ := mls.NewKeyPackage(rand.Reader, bobKey, []byte("bob"))

	senders := mls.ExternalSendersExtension(mls.ExternalSender{SignatureKey: service.Public()})
	group, err := mls.NewGroup(rand.Reader, []byte("call"), []mls.Extension{senders}, alice)
	if err != nil {
		panic(err)
	}
	message, err := mls.SignExternalProposal(service, group.ID(), group.Epoch(), 0,
		mls.Proposal{Type: mls.ProposalAdd, Add: bob.KeyPackage})
	if err != nil {
		panic(err)
	}
	proposal, err := group.VerifyProposal(message)
	if err != nil {
		panic(err)
	}
	commit, err := group.Commit(rand.Reader, []mls.CachedProposal{proposal})
	if err != nil {
		panic(err)
	}
	group = commit.Group // the delivery service accepted it

	theirs, err := mls.JoinGroup(commit.Welcome, bob)
	if err != nil {
		panic(err)
	}
	for _, m := range theirs.Members() {
		fmt.Printf("leaf %d: %s\n", m.Leaf, m.Identity)
	}
	fmt.Println(bytes.Equal(group.EpochAuthenticator(), theirs.EpochAuthenticator()))
	// Output:
	// leaf 0: alice
	// leaf 1: bob
	// true
}

func TestNewGroup(t *testing.T) {
	c := newCall(t)
	m := c.begin(7)
	g := m.group
	if g.Epoch() != 0 || g.OwnLeaf() != 0 || binary.BigEndian.Uint64(g.ID()) != 4711 {
		t.Errorf("epoch %d, leaf %d, id %x", g.Epoch(), g.OwnLeaf(), g.ID())
	}
	equal(t, "extension", g.Extensions()[0].Data, c.context[0].Data)
	members := g.Members()
	if len(members) != 1 || members[0].Leaf != 0 {
		t.Fatalf("members %v", members)
	}
	equal(t, "identity", members[0].Identity, identity(7))
	equal(t, "signature key", members[0].SignatureKey, m.key.Public())
	if len(g.Export("x", nil, 16)) != 16 || bytes.Equal(g.Export("x", nil, 16), g.Export("x", []byte{1}, 16)) {
		t.Error("exports the same for another context")
	}

	bad := []mls.Extension{{Type: mls.ExtensionExternalSenders, Data: []byte{1}}}
	if _, err := mls.NewGroup(rand.Reader, nil, bad, m.own); err == nil {
		t.Error("made a group with half an external sender")
	}
}

func TestRandomnessRunsOut(t *testing.T) {
	c := filled(t, 3)
	m := c.members[1]
	bytesOf := func(n int) *bytes.Reader { return bytes.NewReader(make([]byte, n)) }
	for _, n := range []int{0, 31, 63} {
		if _, err := mls.NewKeyPackage(bytesOf(n), m.key, nil); err == nil {
			t.Errorf("key package of %d bytes", n)
		}
		if _, err := m.group.Commit(bytesOf(n), nil); err == nil {
			t.Errorf("path of %d bytes", n)
		}
	}
	if _, err := mls.NewGroup(bytesOf(31), nil, nil, m.own); err == nil {
		t.Error("group of 31 bytes")
	}
	if _, err := m.group.Commit(bytesOf(64), nil); err != nil {
		t.Error(err)
	}
}

// TestLastEpoch has the epoch's number not begin again, as epoch 0 means a group of one.
func TestLastEpoch(t *testing.T) {
	c := filled(t, 3)
	committer, follower := c.members[1].group, c.members[2].group
	m := must(parseOnlyPublicMessage(must(committer.AtEpoch(math.MaxUint64-1).Commit(rand.Reader, nil)).Message))
	if g, err := follower.AtEpoch(math.MaxUint64-1).Process(m, c.lookup); err != nil || g.Epoch() != math.MaxUint64 {
		t.Error("the last epoch is not reached: ", err)
	}
	last := committer.AtEpoch(math.MaxUint64)
	if p, err := last.Commit(rand.Reader, nil); err == nil {
		t.Errorf("committed epoch %d", p.Group.Epoch())
	}
	m.Content.Epoch = math.MaxUint64
	last.Reseal(m)
	if g, err := follower.AtEpoch(math.MaxUint64).Process(m, c.lookup); err == nil || !strings.Contains(err.Error(), "last epoch") {
		t.Errorf("followed to %v: %v", g, err)
	}
}

// TestPrintedGroupsKeepTheirSecrets looks for a secret in each form that logs print.
func TestPrintedGroupsKeepTheirSecrets(t *testing.T) {
	g := filled(t, 2).members[1].group
	secret := g.EpochAuthenticator()
	for _, format := range []string{"%v", "%+v", "%s", "%x"} {
		s := fmt.Sprintf(format, g)
		if strings.Contains(s, fmt.Sprintf(format, secret)) {
			t.Errorf("%s prints the epoch authenticator: %s", format, s)
		}
	}
	if s, want := fmt.Sprint(g), "epoch 1 of group 0000000000001267, leaf 0 of 2"; s != want {
		t.Errorf("%q, want %q", s, want)
	}
}
