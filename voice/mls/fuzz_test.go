package mls_test

import (
	"bytes"
	"encoding/json"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"busker/voice/mls"
)

// seed adds the named fields of a file of vectors, where there is one.
func seed(f *testing.F, file string, strip int, fields ...string) {
	b, err := os.ReadFile(filepath.Join(root(f), "..", "shared", "vectors", file))
	if err != nil {
		return
	}
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(b, &entries); err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		for _, name := range fields {
			var v hexBytes
			if json.Unmarshal(e[name], &v) == nil && len(v) > strip {
				f.Add([]byte(v[strip:]))
			}
		}
	}
}

// fuzzCall has the same keys in all processes that fuzz.
func fuzzCall(f *testing.F) *call { return newCallOf(f, mathrand.NewChaCha8([32]byte{})) }

// FuzzMLSMessage parses messages. One that parses is sealed by a member, so that it
// gets as far as it can in another.
func FuzzMLSMessage(f *testing.F) {
	seed(f, "messages.json", 0, "public_message_proposal", "public_message_commit")
	c := fill(fuzzCall(f), 6)
	c.remove(3)
	c.commit(2)
	c.add(7)
	f.Add(must(c.members[1].group.Commit(c.random, c.cache)).Message)
	c.remove(5)
	f.Add(must(c.members[1].group.Commit(c.random, c.cache)).Message)
	f.Add(must(mls.SignExternalProposal(c.sender, c.id, 3, 0, c.cache[0].Proposal)).Marshal())
	committer, follower := c.members[1].group, c.members[4].group
	f.Fuzz(func(t *testing.T, b []byte) {
		m, rest, err := mls.ParsePublicMessage(b)
		if err != nil {
			return
		}
		if !bytes.Equal(append(m.Marshal(), rest...), b) {
			t.Fatal("serialised differently")
		}
		follower.VerifyProposal(m)
		follower.Process(m, c.lookup)
		if m.Content.Commit != nil && m.Content.Commit.Path != nil {
			committer.ResignLeaf(&m.Content.Commit.Path.LeafNode)
		}
		committer.Reseal(m)
		if g, err := follower.Process(m, c.lookup); (g == nil) == (err == nil) {
			t.Fatal("neither group nor error")
		}
	})
}

// FuzzWelcome parses Welcomes, and what is sealed in them.
func FuzzWelcome(f *testing.F) {
	seed(f, "messages.json", 4, "mls_welcome", "mls_group_info")
	seed(f, "messages.json", 0, "group_secrets")
	seed(f, "welcome.json", 4, "welcome")
	c := fill(fuzzCall(f), 3)
	c.add(4)
	own := c.adds[4].own
	f.Add(must(c.members[1].group.Commit(c.random, c.cache)).Welcome.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range []string{"group_info", "group_secrets"} {
			if got, err := mls.Reserialize(name, b); err == nil && !bytes.Equal(got, b) {
				t.Fatal("serialised differently: ", name)
			}
		}
		w, err := mls.ParseWelcome(b)
		if err != nil {
			return
		}
		if !bytes.Equal(w.Marshal(), b) {
			t.Fatal("serialised differently")
		}
		mls.JoinGroup(w, own)
	})
}

// FuzzKeyPackage parses and validates key packages.
func FuzzKeyPackage(f *testing.F) {
	seed(f, "messages.json", 4, "mls_key_package")
	seed(f, "passive-client-welcome.json", 4, "key_package")
	m := fuzzCall(f).newMember(1)
	f.Add(m.own.KeyPackage.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := mls.ParseKeyPackage(b)
		if err != nil {
			return
		}
		if !bytes.Equal(k.Marshal(), b) {
			t.Fatal("serialised differently")
		}
		k.Validate()
		k.Resign(m.key)
		k.Validate()
	})
}

// FuzzRatchetTree parses and validates trees, and changes them.
func FuzzRatchetTree(f *testing.F) {
	seed(f, "messages.json", 0, "ratchet_tree")
	seed(f, "tree-validation.json", 0, "tree")
	c := fill(fuzzCall(f), 6)
	c.remove(3)
	c.commit(2)
	c.add(7)
	c.commit(1)
	f.Add(c.group().Tree().Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		tree, err := mls.ParseTree(b)
		if err != nil {
			return
		}
		if !bytes.Equal(tree.Marshal(), b) {
			t.Fatal("serialised differently")
		}
		tree.TreeHash(tree.Root())
		valid := tree.Validate(c.id) == nil || tree.ValidateShape() == nil
		if !valid {
			return
		}
		for x := range tree.Nodes() {
			tree.Resolution(mls.NodeIndex(x))
		}
		must(tree.Add(leaf(1)))
		tree.Remove(0)
		tree.TreeHash(tree.Root())
	})
}
