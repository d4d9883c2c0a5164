package mls_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"

	"busker/voice/mls"
)

func TestVerifyProposalRefuses(t *testing.T) {
	c := filled(t, 3)
	g, k := c.group(), c.newMember(9).own.KeyPackage
	add := mls.Proposal{Type: mls.ProposalAdd, Add: k}
	remove := func(l mls.LeafIndex) mls.Proposal { return mls.Proposal{Type: mls.ProposalRemove, Remove: l} }
	invalid := *k
	invalid.Signature = nil
	sign := func(key *mls.SignatureKey, id []byte, epoch uint64, index uint32, p mls.Proposal) *mls.PublicMessage {
		return must(mls.SignExternalProposal(key, id, epoch, index, p))
	}
	tampered := sign(c.sender, c.id, 1, 0, add)
	tampered.Content.AuthenticatedData = []byte{1}
	commit := must(parseOnlyPublicMessage(must(g.Commit(rand.Reader, nil)).Message))
	member := sign(c.sender, c.id, 1, 0, add)
	member.Content.Sender.Type = mls.SenderMember
	for _, r := range []struct {
		name string
		m    *mls.PublicMessage
		want string
	}{
		{"another group", sign(c.sender, []byte("x"), 1, 0, add), "another group"},
		{"another epoch", sign(c.sender, c.id, 0, 0, add), "another epoch"},
		{"another key", sign(c.members[1].key, c.id, 1, 0, add), "signature"},
		{"another sender", sign(c.sender, c.id, 1, 1, add), "no external sender"},
		{"no sender at all", sign(c.sender, c.id, 1, 1<<32-1, add), "no external sender"},
		{"tampered with", tampered, "signature"},
		{"invalid key package", sign(c.sender, c.id, 1, 0, mls.Proposal{Type: mls.ProposalAdd, Add: &invalid}), "signature"},
		{"nobody's leaf", sign(c.sender, c.id, 1, 0, remove(3)), "no member"},
		{"leaf out of the tree", sign(c.sender, c.id, 1, 0, remove(1<<31)), "no member"},
		{"commit", commit, "not a proposal"},
		{"by a member", member, "not a proposal"},
	} {
		t.Run(r.name, func(t *testing.T) {
			if _, err := g.VerifyProposal(r.m); err == nil || !strings.Contains(err.Error(), r.want) {
				t.Errorf("got %v, want an error with %q", err, r.want)
			}
		})
	}
	if p, err := g.VerifyProposal(sign(c.sender, c.id, 1, 0, add)); err != nil || p.Proposal.Add != k {
		t.Error(err)
	}
}

func TestSignExternalProposalRefusesNonsense(t *testing.T) {
	c := newCall(t)
	for _, p := range []mls.Proposal{{}, {Type: mls.ProposalAdd}, {Type: 2}} {
		if _, err := mls.SignExternalProposal(c.sender, c.id, 0, 0, p); err == nil {
			t.Errorf("signed %+v", p)
		}
	}
}

func TestGroupWithoutExternalSenders(t *testing.T) {
	c := newCall(t)
	c.context = nil
	m := c.begin(1)
	p := must(mls.SignExternalProposal(c.sender, c.id, 0, 0, mls.Proposal{Type: mls.ProposalRemove}))
	if _, err := m.group.VerifyProposal(p); err == nil {
		t.Error("a stranger may propose")
	}
}

// TestProposalsThatDoNotFit has proposals that are valid one by one.
func TestProposalsThatDoNotFit(t *testing.T) {
	for name, propose := range map[string]func(c *call){
		"our own removal":           func(c *call) { c.remove(1) },
		"one removed twice":         func(c *call) { c.remove(2); c.remove(2) },
		"present member added":      func(c *call) { c.add(2) },
		"one added twice":           func(c *call) { c.proposeAgain(9); c.proposeAgain(9) },
		"we ourselves added":        func(c *call) { c.add(1) },
		"another's encryption key":  func(c *call) { c.stealKey(2) },
		"nobody removed, by a hand": func(c *call) { c.cache = []mls.CachedProposal{{Proposal: mls.Proposal{Type: 3, Remove: 7}}} },
		"nothing":                   func(c *call) { c.cache = []mls.CachedProposal{{}} },
	} {
		t.Run(name, func(t *testing.T) {
			c := filled(t, 3)
			g := c.members[1].group
			c.members = map[uint64]*member{1: c.members[1], 2: c.members[2], 3: c.members[3], 9: c.newMember(9)}
			c.members[9].group = g
			propose(c)
			if p, err := g.Commit(rand.Reader, c.cache); !errors.Is(err, mls.ErrInvalidProposals) || p != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// proposeAgain adds one and the same user, by a fresh key package.
func (c *call) proposeAgain(user uint64) {
	k := c.newMember(user).own.KeyPackage
	c.propose(mls.Proposal{Type: mls.ProposalAdd, Add: k})
}

// stealKey adds somebody with the encryption key of a member.
func (c *call) stealKey(of uint64) {
	m := c.newMember(50)
	k := *m.own.KeyPackage
	k.LeafNode.EncryptionKey = c.members[of].own.KeyPackage.LeafNode.EncryptionKey
	k.Resign(m.key)
	c.propose(mls.Proposal{Type: mls.ProposalAdd, Add: &k})
}

// TestComeBack removes a member and adds him with the same signature key, in one batch.
func TestComeBack(t *testing.T) {
	for _, order := range []string{"remove, add", "add, remove"} {
		t.Run(order, func(t *testing.T) {
			c := filled(t, 5)
			c.remove(3)
			c.add(3)
			if order == "add, remove" {
				c.cache[0], c.cache[1] = c.cache[1], c.cache[0]
			}
			c.commit(1)
			if l := c.members[3].group.OwnLeaf(); l != 2 {
				t.Errorf("back at leaf %d, not the one freed", l)
			}
			c.commit(3)
		})
	}
}

// TestLosersFollow has everybody commit; whoever loses follows the winner.
func TestLosersFollow(t *testing.T) {
	c := filled(t, 6)
	c.remove(2)
	c.add(7)
	var winner *mls.PendingCommit
	for _, u := range []uint64{1, 3, 4, 5, 6} {
		winner = must(c.members[u].group.Commit(rand.Reader, c.cache))
	}
	c.accept(c.members[6], winner)
}

// TestGroupIsConcurrencySafe uses one Group from many goroutines; the race detector
// watches.
func TestGroupIsConcurrencySafe(t *testing.T) {
	c, committer, follower := eleven(t)
	useAtOnce(c, committer, follower, 20)
}

// TestUnmergedLeavesAreConcurrencySafe has them added to lists that were parsed, and so
// have memory to grow.
func TestUnmergedLeavesAreConcurrencySafe(t *testing.T) {
	c := filled(t, 9)
	c.commit(1)
	for u := uint64(10); u < 13; u++ {
		c.add(u)
	}
	c.commit(1)
	c.add(20)
	useAtOnce(c, c.members[1], c.members[12], 20)
}

// useAtOnce has one Group follow and make commits that add a user, in many goroutines.
func useAtOnce(c *call, committer, follower *member, joiner uint64) {
	pending := must(committer.group.Commit(rand.Reader, c.cache))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			must(follower.group.Process(must(parseOnlyPublicMessage(pending.Message)), c.lookup))
			must(follower.group.Commit(rand.Reader, c.cache))
			must(mls.JoinGroup(pending.Welcome, c.adds[joiner].own))
			follower.group.Members()
			follower.group.Export("x", nil, 16)
		})
	}
	wg.Wait()
}
