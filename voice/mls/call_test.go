package mls_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
	"testing"

	"busker/voice/mls"
)

// call is a delivery service and the members of one group, without a network.
type call struct {
	tb      testing.TB
	random  io.Reader
	sender  *mls.SignatureKey
	id      []byte
	context []mls.Extension
	members map[uint64]*member // by user

	// What is proposed in this epoch.
	cache []mls.CachedProposal
	adds  map[uint64]*member
	gone  []uint64
}

// member is one user's view.
type member struct {
	user  uint64
	key   *mls.SignatureKey
	own   *mls.PrivateKeyPackage
	group *mls.Group
}

func newCall(tb testing.TB) *call { return newCallOf(tb, rand.Reader) }

// newCallOf makes a call whose keys are of random.
func newCallOf(tb testing.TB, random io.Reader) *call {
	c := &call{
		tb:      tb,
		random:  random,
		sender:  must(mls.NewSignatureKey(random)),
		id:      identity(4711),
		members: make(map[uint64]*member),
		adds:    make(map[uint64]*member),
	}
	c.context = []mls.Extension{mls.ExternalSendersExtension(mls.ExternalSender{
		SignatureKey: c.sender.Public(),
		Credential:   mls.Credential{Identity: []byte{0}},
	})}
	return c
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func identity(user uint64) []byte { return binary.BigEndian.AppendUint64(nil, user) }

// begin makes the group with its first member.
func (c *call) begin(user uint64) *member {
	m := c.newMember(user)
	m.group = must(mls.NewGroup(c.random, c.id, c.context, m.own))
	c.members[user] = m
	return m
}

// newMember is a user with a fresh key package, who is in no group yet. His signature
// key stays.
func (c *call) newMember(user uint64) *member {
	m := &member{user: user}
	if old := c.members[user]; old != nil {
		m.key = old.key
	} else {
		m.key = must(mls.NewSignatureKey(c.random))
	}
	m.own = must(mls.NewKeyPackage(c.random, m.key, identity(user)))
	return m
}

// group is any member's.
func (c *call) group() *mls.Group {
	for _, m := range c.members {
		return m.group
	}
	return nil
}

// propose frames a proposal, and has every member verify it.
func (c *call) propose(p mls.Proposal) mls.CachedProposal {
	c.tb.Helper()
	g := c.group()
	sent := must(mls.SignExternalProposal(c.sender, g.ID(), g.Epoch(), 0, p))
	received, rest, err := mls.ParsePublicMessage(sent.Marshal())
	if err != nil || len(rest) > 0 {
		c.tb.Fatalf("proposal: %v, %d bytes after it", err, len(rest))
	}
	cached, err := g.VerifyProposal(received)
	if err != nil {
		c.tb.Fatal(err)
	}
	c.cache = append(c.cache, cached)
	return cached
}

func (c *call) add(user uint64) {
	c.tb.Helper()
	m := c.newMember(user)
	c.propose(mls.Proposal{Type: mls.ProposalAdd, Add: must(mls.ParseKeyPackage(m.own.KeyPackage.Marshal()))})
	c.adds[user] = m
}

func (c *call) remove(user uint64) {
	c.tb.Helper()
	c.propose(mls.Proposal{Type: mls.ProposalRemove, Remove: c.members[user].group.OwnLeaf()})
	c.gone = append(c.gone, user)
}

func (c *call) lookup(r mls.ProposalRef) (mls.Proposal, bool) {
	for _, p := range c.cache {
		if p.Ref == r {
			return p.Proposal, true
		}
	}
	return mls.Proposal{}, false
}

// commit has a user commit what is proposed, and everybody follow.
func (c *call) commit(user uint64) {
	c.tb.Helper()
	committer := c.members[user]
	pending, err := committer.group.Commit(c.random, c.cache)
	if err != nil {
		c.tb.Fatal(err)
	}
	c.accept(committer, pending)
}

// accept makes a commit the one that counts.
func (c *call) accept(committer *member, pending *mls.PendingCommit) {
	c.tb.Helper()
	for _, u := range c.gone {
		c.follow(c.members[u], pending, mls.ErrRemoved)
		delete(c.members, u)
	}
	for _, m := range c.members {
		if m != committer {
			c.follow(m, pending, nil)
		}
	}
	committer.group = pending.Group
	c.welcome(pending)
	c.cache, c.gone = nil, nil
	clear(c.adds)
	c.agree()
}

func (c *call) follow(m *member, pending *mls.PendingCommit, want error) {
	c.tb.Helper()
	received, _, err := mls.ParsePublicMessage(pending.Message)
	if err != nil {
		c.tb.Fatal(err)
	}
	next, err := m.group.Process(received, c.lookup)
	if !is(err, want) {
		c.tb.Fatalf("member %d: %v, want %v", m.user, err, want)
	}
	if err == nil {
		m.group = next
	}
}

func (c *call) welcome(pending *mls.PendingCommit) {
	c.tb.Helper()
	if (pending.Welcome != nil) != (len(c.adds) > 0) {
		c.tb.Fatalf("welcome %v for %d new members", pending.Welcome != nil, len(c.adds))
	}
	for user, m := range c.adds {
		w := must(mls.ParseWelcome(pending.Welcome.Marshal()))
		g, err := mls.JoinGroup(w, m.own)
		if err != nil {
			c.tb.Fatalf("member %d: %v", user, err)
		}
		m.group = g
		c.members[user] = m
	}
}

// agree checks that all members see the same.
func (c *call) agree() {
	c.tb.Helper()
	one := c.group()
	for user, m := range c.members {
		g := m.group
		if g.Epoch() != one.Epoch() || !bytes.Equal(g.EpochAuthenticator(), one.EpochAuthenticator()) {
			c.tb.Fatalf("member %d is in another epoch", user)
		}
		if !bytes.Equal(g.Export("test", []byte{1}, 16), one.Export("test", []byte{1}, 16)) {
			c.tb.Fatalf("member %d exports another secret", user)
		}
		if len(g.Members()) != len(c.members) {
			c.tb.Fatalf("member %d sees %d members of %d", user, len(g.Members()), len(c.members))
		}
		if id := g.Members()[0].Identity; len(id) != 8 {
			c.tb.Fatalf("identity %x", id)
		}
	}
}
