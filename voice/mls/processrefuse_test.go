package mls_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"busker/voice/mls"
)

// eleven is a call of eleven members, some of whose leaves are unmerged, in which
// member 5's removal and member 20's joining are proposed. Member 1 is to commit.
func eleven(t *testing.T) (c *call, committer, follower *member) {
	c = filled(t, 10)
	c.remove(3)
	c.commit(7)
	c.add(11)
	c.commit(2)
	c.remove(5)
	c.add(20)
	return c, c.members[1], c.members[8]
}

func TestProcessRefuses(t *testing.T) {
	c, committer, follower := eleven(t)
	pending := must(committer.group.Commit(rand.Reader, c.cache))
	for _, r := range []struct {
		name   string
		change func(m *mls.PublicMessage)
		want   string
	}{
		{"another group", func(m *mls.PublicMessage) { m.Content.GroupID = []byte("x") }, "another group"},
		{"past epoch", func(m *mls.PublicMessage) { m.Content.Epoch-- }, "another epoch"},
		{"next epoch", func(m *mls.PublicMessage) { m.Content.Epoch++ }, "another epoch"},
		{"our own leaf", func(m *mls.PublicMessage) { m.Content.Sender.Leaf = follower.group.OwnLeaf() }, "our own"},
		{"leaf out of the tree", func(m *mls.PublicMessage) { m.Content.Sender.Leaf = 1 << 31 }, "nobody"},
		{"from outside", func(m *mls.PublicMessage) { m.Content.Sender.Type = mls.SenderExternal }, "not a member's"},
		{"proposal", func(m *mls.PublicMessage) {
			m.Content.Type, m.Content.Proposal = mls.ContentProposal, &c.cache[0].Proposal
		}, "not a member's commit"},
		{"another member", func(m *mls.PublicMessage) { m.Content.Sender.Leaf = c.members[7].group.OwnLeaf() }, "signature"},
		{"unknown proposal", func(m *mls.PublicMessage) { m.Content.Commit.Proposals[0].Ref[0]++ }, "unknown proposal"},
		{"proposal twice", func(m *mls.PublicMessage) {
			p := m.Content.Commit.Proposals
			m.Content.Commit.Proposals = append(p, p[0])
		}, "do not fit"},
		{"inline removal of the committer", func(m *mls.PublicMessage) {
			inline(m, mls.Proposal{Type: mls.ProposalRemove, Remove: committer.group.OwnLeaf()})
		}, "do not fit"},
		{"inline removal of nobody", func(m *mls.PublicMessage) {
			inline(m, mls.Proposal{Type: mls.ProposalRemove, Remove: 99})
		}, "no member"},
		{"inline invalid key package", func(m *mls.PublicMessage) {
			k := *c.newMember(30).own.KeyPackage
			k.Signature = nil
			inline(m, mls.Proposal{Type: mls.ProposalAdd, Add: &k})
		}, "signature"},
		{"no path", func(m *mls.PublicMessage) { m.Content.Commit.Path = nil }, "lacks a path"},
		{"proposals left out", func(m *mls.PublicMessage) { m.Content.Commit.Proposals = nil }, "path"},
		{"confirmation tag", func(m *mls.PublicMessage) { m.ConfirmationTag[5]++ }, "confirmation tag"},
		{"no confirmation tag", func(m *mls.PublicMessage) { m.ConfirmationTag = nil }, "confirmation tag"},
		{"authenticated data", func(m *mls.PublicMessage) { m.Content.AuthenticatedData = []byte{1} }, "confirmation tag"},
	} {
		t.Run(r.name, func(t *testing.T) {
			m := must(parseOnlyPublicMessage(pending.Message))
			r.change(m)
			committer.group.Reseal(m)
			refused(t, c, follower, m, r.want)
		})
	}
	c.accept(committer, pending) // nothing of all that did harm
}

func inline(m *mls.PublicMessage, p mls.Proposal) {
	m.Content.Commit.Proposals = append(m.Content.Commit.Proposals, mls.ProposalOrRef{Inline: &p})
}

// refused checks that a commit is refused, for the right reason.
func refused(t *testing.T, c *call, follower *member, m *mls.PublicMessage, want string) {
	t.Helper()
	g, err := follower.group.Process(m, c.lookup)
	if err == nil || g != nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

func TestProcessRefusesForgedAuthentication(t *testing.T) {
	c, committer, follower := eleven(t)
	pending := must(committer.group.Commit(rand.Reader, c.cache))
	fresh := func() *mls.PublicMessage { return must(parseOnlyPublicMessage(pending.Message)) }

	m := fresh()
	m.MembershipTag[0]++
	refused(t, c, follower, m, "membership tag")
	m = fresh()
	m.MembershipTag = nil
	refused(t, c, follower, m, "membership tag")
	m = fresh()
	m.Signature[len(m.Signature)-1]++
	refused(t, c, follower, m, "membership tag")
	committer.group.Retag(m)
	refused(t, c, follower, m, "signature")
	m = fresh()
	m.Signature = nil
	committer.group.Retag(m)
	refused(t, c, follower, m, "signature")
}

func TestProcessRefusesPaths(t *testing.T) {
	c, committer, follower := eleven(t)
	pending := must(committer.group.Commit(rand.Reader, c.cache))
	point := c.newMember(40).own.KeyPackage.InitKey
	for _, r := range []struct {
		name   string
		change func(p *mls.UpdatePath)
		want   string
	}{
		{"leaf of an update", func(p *mls.UpdatePath) { p.LeafNode.Source = mls.SourceUpdate }, "source 2"},
		{"leaf of a key package", func(p *mls.UpdatePath) { p.LeafNode.Source = mls.SourceKeyPackage }, "source 1"},
		{"old leaf key", func(p *mls.UpdatePath) {
			p.LeafNode.EncryptionKey = committer.own.KeyPackage.LeafNode.EncryptionKey
		}, "encryption key"},
		{"another's leaf key", func(p *mls.UpdatePath) {
			p.LeafNode.EncryptionKey = c.members[9].own.KeyPackage.LeafNode.EncryptionKey
		}, "encryption key"},
		{"leaf key no point", func(p *mls.UpdatePath) { p.LeafNode.EncryptionKey = make([]byte, 65) }, "encryption key"},
		{"another identity", func(p *mls.UpdatePath) { p.LeafNode.Credential.Identity = identity(9) }, "identity"},
		{"another's signature key", func(p *mls.UpdatePath) { p.LeafNode.SignatureKey = c.members[9].key.Public() }, "signature"},
		{"no capabilities", func(p *mls.UpdatePath) { p.LeafNode.Capabilities = mls.Capabilities{} }, "capabilities"},
		{"parent hash", func(p *mls.UpdatePath) { p.LeafNode.ParentHash[0]++ }, "parent hash"},
		{"no nodes", func(p *mls.UpdatePath) { p.Nodes = nil }, "path of 0 nodes"},
		{"a node too few", func(p *mls.UpdatePath) { p.Nodes = p.Nodes[1:] }, "nodes"},
		{"a node too many", func(p *mls.UpdatePath) { p.Nodes = append(p.Nodes, mls.UpdatePathNode{EncryptionKey: point}) }, "nodes"},
		{"node key no point", func(p *mls.UpdatePath) { p.Nodes[0].EncryptionKey = make([]byte, 65) }, "path"},
		{"node key", func(p *mls.UpdatePath) { p.Nodes[1].EncryptionKey = point }, "parent hash"},
		{"node key twice", func(p *mls.UpdatePath) { p.Nodes[1].EncryptionKey = p.Nodes[0].EncryptionKey }, "twice"},
		{"leaf's key in a node", func(p *mls.UpdatePath) { p.Nodes[1].EncryptionKey = p.LeafNode.EncryptionKey }, "twice"},
		{"leaf's old key in a node", func(p *mls.UpdatePath) {
			p.Nodes[1].EncryptionKey = committer.own.KeyPackage.LeafNode.EncryptionKey
		}, "twice"},
		{"extension without the capability", func(p *mls.UpdatePath) {
			p.LeafNode.Extensions = []mls.Extension{{Type: 0xff00}}
		}, "extension 65280"},
		{"recipient left out", func(p *mls.UpdatePath) {
			n := &p.Nodes[len(p.Nodes)-1]
			n.EncryptedPathSecret = n.EncryptedPathSecret[1:]
		}, "recipients"},
		{"recipient too many", func(p *mls.UpdatePath) {
			n := &p.Nodes[0]
			n.EncryptedPathSecret = append(n.EncryptedPathSecret, n.EncryptedPathSecret...)
		}, "recipients"},
		{"ciphertexts", func(p *mls.UpdatePath) {
			for _, n := range p.Nodes {
				for _, s := range n.EncryptedPathSecret {
					s.Ciphertext[3]++
				}
			}
		}, "decrypt"},
		{"encapsulated keys", func(p *mls.UpdatePath) {
			for i := range p.Nodes {
				for j := range p.Nodes[i].EncryptedPathSecret {
					p.Nodes[i].EncryptedPathSecret[j].KEMOutput = nil
				}
			}
		}, "encapsulated key"},
	} {
		t.Run(r.name, func(t *testing.T) {
			m := must(parseOnlyPublicMessage(pending.Message))
			path := m.Content.Commit.Path
			r.change(path)
			committer.group.ResignLeaf(&path.LeafNode)
			committer.group.Reseal(m)
			refused(t, c, follower, m, r.want)
		})
	}
	t.Run("leaf signature", func(t *testing.T) {
		m := must(parseOnlyPublicMessage(pending.Message))
		m.Content.Commit.Path.LeafNode.Signature[9]++
		committer.group.Reseal(m)
		refused(t, c, follower, m, "signature")
	})
}

// TestFollowRefusesOtherPathSecrets has a committer tell a path secret that is not
// that of the path.
func TestFollowRefusesOtherPathSecrets(t *testing.T) {
	c := filled(t, 4)
	leader, follower := c.members[1], c.members[4]
	context := func([]byte) []byte { return []byte("context") }
	tree := leader.group.Tree()
	path, _, err := mls.Lead(tree, leader.group.OwnLeaf(), leader.key, c.id, context)
	if err != nil {
		t.Fatal(err)
	}
	last := path.Nodes[len(path.Nodes)-1].EncryptedPathSecret
	for i := range last {
		key := follower.own.KeyPackage.LeafNode.EncryptionKey
		last[i] = must(mls.EncryptWithLabel(key, "UpdatePathNode", context(nil), make([]byte, 32)))
	}
	_, err = follower.group.Keys().Follow(follower.group.Tree(), follower.group.OwnLeaf(), leader.group.OwnLeaf(), path, c.id,
		func() []byte { return context(nil) })
	if err == nil || !strings.Contains(err.Error(), "path secret is not that of node") {
		t.Error(err)
	}
}

// TestEveryByteOfACommitCounts changes each byte of commits, with and without a path.
func TestEveryByteOfACommitCounts(t *testing.T) {
	c, committer, follower := eleven(t)
	both := must(committer.group.Commit(rand.Reader, c.cache)).Message
	add := must(committer.group.Commit(rand.Reader, c.cache[1:])).Message
	for _, message := range [][]byte{both, add} {
		for i := range message {
			b := bytes.Clone(message)
			b[i] ^= 1 << (i % 8)
			m, rest, err := mls.ParsePublicMessage(b)
			if err != nil || len(rest) > 0 {
				continue
			}
			if !bytes.Equal(m.Marshal(), b) {
				t.Fatalf("byte %d: serialised differently", i)
			}
			if _, err := follower.group.Process(m, c.lookup); err == nil {
				t.Fatalf("byte %d does not count", i)
			}
		}
		for n := range message {
			if _, _, err := mls.ParsePublicMessage(message[:n]); err == nil {
				t.Fatalf("parsed %d of %d bytes", n, len(message))
			}
		}
	}
}

func TestRemovedIsToldOnlyByAuthenticCommits(t *testing.T) {
	c, committer, _ := eleven(t)
	gone := c.members[5]
	m := must(parseOnlyPublicMessage(must(committer.group.Commit(rand.Reader, c.cache)).Message))
	if _, err := gone.group.Process(m, c.lookup); !errors.Is(err, mls.ErrRemoved) {
		t.Error(err)
	}
	m.Content.Sender.Leaf = c.members[7].group.OwnLeaf()
	committer.group.Retag(m)
	if _, err := gone.group.Process(m, c.lookup); err == nil || errors.Is(err, mls.ErrRemoved) {
		t.Error("a forged commit removed us: ", err)
	}
}

func TestEmptyCommitRenewsTheCommittersPath(t *testing.T) {
	c := filled(t, 6)
	before := slices.Clone(c.group().EpochAuthenticator())
	c.commit(4)
	m := must(parseOnlyPublicMessage(must(c.members[2].group.Commit(rand.Reader, nil)).Message))
	if m.Content.Commit.Path == nil || bytes.Equal(before, c.group().EpochAuthenticator()) {
		t.Error("no path in a commit without proposals")
	}
}
