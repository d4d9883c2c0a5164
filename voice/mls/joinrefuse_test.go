package mls_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"busker/voice/mls"
)

// joining is a call of eleven members in which member 1 has committed that member 20
// joins and member 5 leaves, so that the Welcome has a path secret.
func joining(t *testing.T) (c *call, committer, joiner *member, w *mls.Welcome) {
	c, committer, _ = eleven(t)
	return c, committer, c.adds[20], must(committer.group.Commit(rand.Reader, c.cache)).Welcome
}

func TestJoinRefuses(t *testing.T) {
	_, committer, joiner, w := joining(t)
	for _, r := range []struct {
		name   string
		change func(f *mls.Forgery)
		want   string
	}{
		{"cipher suite", func(f *mls.Forgery) { f.CipherSuite = 1 }, "cipher suite 1"},
		{"no tree", func(f *mls.Forgery) { f.Tree = nil }, "without a ratchet tree"},
		{"two trees", func(f *mls.Forgery) { f.TreeTwice = true }, "twice"},
		{"tree hash", func(f *mls.Forgery) { f.TreeHash = make([]byte, 32) }, "hash"},
		{"confirmation tag", func(f *mls.Forgery) { f.ConfirmationTag = make([]byte, 32) }, "confirmation tag"},
		{"signer blank", func(f *mls.Forgery) { f.Signer = 10 }, "nobody"},
		{"signer out of the tree", func(f *mls.Forgery) { f.Signer = 1 << 31 }, "nobody"},
		{"another signer", func(f *mls.Forgery) { f.Signer = 1 }, "signature"},
		{"path secret", func(f *mls.Forgery) { f.PathSecret = make([]byte, 32) }, "path secret"},
		{"empty path secret", func(f *mls.Forgery) { f.PathSecret = []byte{} }, "path secret"},
		{"pre-shared key", func(f *mls.Forgery) { f.PSKs = []byte{1, 0, 0} }, "pre-shared"},
		{"more group secrets", func(f *mls.Forgery) { f.AfterSecrets = []byte{0} }, "after the end"},
		{"external senders", func(f *mls.Forgery) {
			f.ContextExtensions = []mls.Extension{{Type: mls.ExtensionExternalSenders, Data: []byte{9}}}
		}, "external senders"},
		{"external senders twice", func(f *mls.Forgery) {
			f.ContextExtensions = append(f.ContextExtensions, f.ContextExtensions...)
		}, "twice"},
		{"extension of the group we do not know", func(f *mls.Forgery) {
			f.ContextExtensions = append(f.ContextExtensions, mls.Extension{Type: 0xff00})
		}, "extension 65280"},
		{"required capabilities", func(f *mls.Forgery) {
			f.ContextExtensions = append(f.ContextExtensions, mls.Extension{Type: 3, Data: []byte{2, 0xff, 0, 0, 0}})
		}, "extension 3"},
		{"context", func(f *mls.Forgery) { f.ContextExtensions = nil }, "confirmation tag"},
	} {
		t.Run(r.name, func(t *testing.T) {
			refusedJoin(t, joiner, w.Forge(joiner.own, committer.key, r.change), r.want)
		})
	}
	if _, err := mls.JoinGroup(w.Forge(joiner.own, committer.key, func(*mls.Forgery) {}), joiner.own); err != nil {
		t.Error("changed nothing, yet: ", err)
	}
}

// TestJoinIgnoresOtherExtensionsOfTheGroupInfo as others send external_pub there.
func TestJoinIgnoresOtherExtensionsOfTheGroupInfo(t *testing.T) {
	_, committer, joiner, w := joining(t)
	forged := w.Forge(joiner.own, committer.key, func(f *mls.Forgery) {
		f.BeforeTree = []mls.Extension{{Type: 4, Data: committer.key.Public()}, {Type: 0xff00}}
	})
	if _, err := mls.JoinGroup(forged, joiner.own); err != nil {
		t.Error(err)
	}
}

// TestJoinedWithoutPathSecret has a committer keep from a joiner what the next commit is
// encrypted with. The joiner is told so, then.
func TestJoinedWithoutPathSecret(t *testing.T) {
	c, committer, joiner, _ := joining(t)
	pending := must(committer.group.Commit(rand.Reader, c.cache))
	w := pending.Welcome.Forge(joiner.own, committer.key, func(f *mls.Forgery) { f.PathSecret = nil })
	c.accept(committer, pending)
	g := must(mls.JoinGroup(w, joiner.own))
	m := must(parseOnlyPublicMessage(must(c.members[9].group.Commit(rand.Reader, nil)).Message))
	if _, err := g.Process(m, c.lookup); err == nil || !strings.Contains(err.Error(), "no path secret for us") {
		t.Error(err)
	}
	if _, err := c.members[20].group.Process(m, c.lookup); err != nil {
		t.Error(err)
	}
}

func refusedJoin(t *testing.T, joiner *member, w *mls.Welcome, want string) {
	t.Helper()
	g, err := mls.JoinGroup(must(mls.ParseWelcome(w.Marshal())), joiner.own)
	if err == nil || g != nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

// TestJoinRefusesTrees joins at leaf 2, which is unmerged in the nodes 3, 7 and 15 that
// member 2's last commit made.
func TestJoinRefusesTrees(t *testing.T) {
	c := filled(t, 10)
	c.remove(3)
	c.commit(2)
	c.add(20)
	committer, joiner := c.members[1], c.adds[20]
	w := must(committer.group.Commit(rand.Reader, c.cache)).Welcome
	for _, r := range []struct {
		name   string
		change func(t *mls.Tree)
		want   string
	}{
		{"our leaf gone", func(t *mls.Tree) { t.Remove(2) }, "our leaf"},
		{"our leaf changed", func(t *mls.Tree) {
			t.SetLeaf(2, func(l *mls.LeafNode) { *l = c.newMember(20).own.KeyPackage.LeafNode })
		}, "our leaf"},
		{"leaf without signature", func(t *mls.Tree) {
			t.SetLeaf(1, func(l *mls.LeafNode) { l.Signature = nil })
		}, "signature"},
		{"another identity", func(t *mls.Tree) {
			t.SetLeaf(1, func(l *mls.LeafNode) { l.Credential.Identity = identity(77) })
		}, "signature"},
		{"member twice", func(t *mls.Tree) { must(t.Add(t.Leaf(3))) }, "twice"},
		{"path leaf without parent hash", func(t *mls.Tree) {
			t.SetLeaf(1, func(l *mls.LeafNode) { l.ParentHash = nil; c.members[2].group.ResignLeaf(l) })
		}, "parent hash"},
		{"root key", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.EncryptionKey = joiner.own.KeyPackage.InitKey })
		}, "parent hash"},
		{"root key no point", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.EncryptionKey = make([]byte, 65) })
		}, "encryption key"},
		{"root key is a leaf's", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.EncryptionKey = t.Leaf(3).EncryptionKey })
		}, "twice"},
		{"unmerged leaf missing", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.UnmergedLeaves = nil })
		}, "parent hash"},
		{"unmerged leaf blank", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.UnmergedLeaves = []mls.LeafIndex{10} })
		}, "unmerged leaf"},
		{"unmerged leaf twice", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.UnmergedLeaves = []mls.LeafIndex{2, 2} })
		}, "unmerged leaf"},
		{"unmerged leaf too far", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.UnmergedLeaves = []mls.LeafIndex{2, 1<<31 + 2} })
		}, "unmerged leaf"},
		{"unmerged leaf of another subtree", func(t *mls.Tree) {
			t.SetParent(3, func(p *mls.Parent) { p.UnmergedLeaves = []mls.LeafIndex{8} })
		}, "unmerged leaf"},
		{"leaf unmerged above only", func(t *mls.Tree) {
			t.SetParent(t.Root(), func(p *mls.Parent) { p.UnmergedLeaves = []mls.LeafIndex{1, 2} })
		}, "only"},
	} {
		t.Run(r.name, func(t *testing.T) {
			forged := w.Forge(joiner.own, committer.key, func(f *mls.Forgery) { r.change(f.Tree) })
			refusedJoin(t, joiner, forged, r.want)
		})
	}
	if _, err := mls.JoinGroup(w, joiner.own); err != nil {
		t.Error(err)
	}
}

func TestJoinRefusesWelcomesOfOthers(t *testing.T) {
	c, _, joiner, w := joining(t)
	if _, err := mls.JoinGroup(w, c.newMember(21).own); err == nil {
		t.Error("joined by somebody else's Welcome")
	}
	suite := *w
	suite.CipherSuite = 3
	if _, err := mls.JoinGroup(&suite, joiner.own); err == nil {
		t.Error("joined in another cipher suite")
	}
}

// TestEveryByteOfAWelcomeCounts changes each byte.
func TestEveryByteOfAWelcomeCounts(t *testing.T) {
	_, _, joiner, w := joining(t)
	welcome := w.Marshal()
	for i := range welcome {
		b := bytes.Clone(welcome)
		b[i] ^= 1 << (i % 8)
		changed, err := mls.ParseWelcome(b)
		if err != nil {
			continue
		}
		if _, err := mls.JoinGroup(changed, joiner.own); err == nil {
			t.Fatalf("byte %d does not count", i)
		}
	}
}
