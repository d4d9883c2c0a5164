package mls_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"busker/voice/mls"
)

func TestTreeMathVectors(t *testing.T) {
	type vector struct {
		Leaves  int              `json:"n_leaves"`
		Nodes   int              `json:"n_nodes"`
		Root    mls.NodeIndex    `json:"root"`
		Left    []*mls.NodeIndex `json:"left"`
		Right   []*mls.NodeIndex `json:"right"`
		Parent  []*mls.NodeIndex `json:"parent"`
		Sibling []*mls.NodeIndex `json:"sibling"`
	}
	for _, v := range vectors[vector](t, "tree-math.json") {
		t.Run(fmt.Sprint(v.Leaves), func(t *testing.T) {
			tree := mls.EmptyTree(v.Leaves)
			if tree.Nodes() != v.Nodes || tree.Root() != v.Root {
				t.Fatalf("%d nodes, root %d; want %d, %d", tree.Nodes(), tree.Root(), v.Nodes, v.Root)
			}
			for i := range v.Nodes {
				x := mls.NodeIndex(i)
				for name, c := range map[string]struct {
					want *mls.NodeIndex
					of   func() mls.NodeIndex
				}{
					"left": {v.Left[i], x.Left}, "right": {v.Right[i], x.Right},
					"parent": {v.Parent[i], x.Parent}, "sibling": {v.Sibling[i], x.Sibling},
				} {
					if c.want != nil && c.of() != *c.want {
						t.Errorf("%s of %d is %d, want %d", name, x, c.of(), *c.want)
					}
				}
			}
		})
	}
}

func TestTreeValidationVectors(t *testing.T) {
	type vector struct {
		Tree        hexBytes          `json:"tree"`
		GroupID     hexBytes          `json:"group_id"`
		TreeHashes  []hexBytes        `json:"tree_hashes"`
		Resolutions [][]mls.NodeIndex `json:"resolutions"`
	}
	for i, v := range vectors[vector](t, "tree-validation.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			tree := must(mls.ParseTree(v.Tree))
			for x := range v.TreeHashes {
				equal(t, fmt.Sprintf("tree hash of %d", x), tree.TreeHash(mls.NodeIndex(x)), v.TreeHashes[x])
				if got := tree.Resolution(mls.NodeIndex(x)); !slices.Equal(got, v.Resolutions[x]) {
					t.Errorf("resolution of %d is %v, want %v", x, got, v.Resolutions[x])
				}
			}
			if err := tree.Validate(v.GroupID); err != nil {
				t.Error(err)
			}
			if tree.Validate([]byte("other")) == nil && bytes.Contains(v.Tree, v.GroupID) {
				t.Error("valid in another group too")
			}
			equal(t, "serialised tree", tree.Marshal(), v.Tree)
		})
	}
}

func TestTreeKEMVectors(t *testing.T) {
	for i, v := range vectors[treeKEM](t, "treekem.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			tree := must(mls.ParseTree(v.RatchetTree))
			for _, u := range v.UpdatePaths {
				v.follow(t, tree, u)
			}
			for _, p := range v.LeavesPrivate {
				v.lead(t, tree, p)
			}
		})
	}
}

type treeKEM struct {
	GroupID                 hexBytes         `json:"group_id"`
	Epoch                   uint64           `json:"epoch"`
	ConfirmedTranscriptHash hexBytes         `json:"confirmed_transcript_hash"`
	RatchetTree             hexBytes         `json:"ratchet_tree"`
	LeavesPrivate           []treeKEMPrivate `json:"leaves_private"`
	UpdatePaths             []treeKEMUpdate  `json:"update_paths"`
}

type treeKEMPrivate struct {
	Index          mls.LeafIndex `json:"index"`
	EncryptionPriv hexBytes      `json:"encryption_priv"`
	SignaturePriv  hexBytes      `json:"signature_priv"`
	PathSecrets    []struct {
		Node       mls.NodeIndex `json:"node"`
		PathSecret hexBytes      `json:"path_secret"`
	} `json:"path_secrets"`
}

type treeKEMUpdate struct {
	Sender        mls.LeafIndex `json:"sender"`
	UpdatePath    hexBytes      `json:"update_path"`
	CommitSecret  hexBytes      `json:"commit_secret"`
	TreeHashAfter hexBytes      `json:"tree_hash_after"`
}

func (v *treeKEM) context(treeHash []byte) []byte {
	return mls.MarshalGroupContext(v.GroupID, v.Epoch, treeHash, v.ConfirmedTranscriptHash, nil)
}

// private are the keys one member has, which must be those of the tree.
func (v *treeKEM) private(t *testing.T, tree *mls.Tree, p treeKEMPrivate) mls.PrivateKeys {
	keys := mls.NewPrivateKeys(p.Index, p.EncryptionPriv)
	for _, s := range p.PathSecrets {
		if err := keys.Learn(tree, s.Node, s.PathSecret); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// follow has every other member process a path.
func (v *treeKEM) follow(t *testing.T, before *mls.Tree, u treeKEMUpdate) {
	for _, p := range v.LeavesPrivate {
		if p.Index == u.Sender {
			continue
		}
		keys, tree := v.private(t, before, p), before.Clone()
		path := must(mls.ParseUpdatePath(u.UpdatePath))
		commitSecret, err := keys.Follow(tree, p.Index, u.Sender, path, v.GroupID, func() []byte {
			return v.context(u.TreeHashAfter)
		})
		if err != nil {
			t.Fatalf("leaf %d, path of %d: %v", p.Index, u.Sender, err)
		}
		equal(t, "commit_secret", commitSecret, u.CommitSecret)
		equal(t, "tree hash", tree.TreeHash(tree.Root()), u.TreeHashAfter)
	}
}

// lead has one member make a path, and every other follow it.
func (v *treeKEM) lead(t *testing.T, before *mls.Tree, leader treeKEMPrivate) {
	tree := before.Clone()
	key := must(mls.ParseSignatureKey(leader.SignaturePriv))
	path, want, err := mls.Lead(tree, leader.Index, key, v.GroupID, v.context)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range v.LeavesPrivate {
		if p.Index == leader.Index {
			continue
		}
		keys, theirs := v.private(t, before, p), before.Clone()
		got, err := keys.Follow(theirs, p.Index, leader.Index, path, v.GroupID, func() []byte {
			return v.context(theirs.TreeHash(theirs.Root()))
		})
		if err != nil {
			t.Fatalf("leaf %d, our path of %d: %v", p.Index, leader.Index, err)
		}
		equal(t, "commit_secret", got, want)
	}
}

func TestWelcomeVectors(t *testing.T) {
	type vector struct {
		InitPriv   hexBytes `json:"init_priv"`
		KeyPackage hexBytes `json:"key_package"`
		SignerPub  hexBytes `json:"signer_pub"`
		Welcome    hexBytes `json:"welcome"`
	}
	for _, v := range vectors[vector](t, "welcome.json") {
		k := must(mls.ParseKeyPackage(mlsMessage(t, v.KeyPackage, 5)))
		w := must(mls.ParseWelcome(mlsMessage(t, v.Welcome, 3)))
		if err := mls.OpenWelcome(w, k, v.InitPriv, v.SignerPub); err != nil {
			t.Error(err)
		}
	}
}

// leaf is one that only has to be told from others.
func leaf(n int) *mls.LeafNode {
	return &mls.LeafNode{SignatureKey: binary.BigEndian.AppendUint32(nil, uint32(n)), Source: mls.SourceUpdate}
}

func TestTreeGrowsAndShrinks(t *testing.T) {
	tree := mls.EmptyTree(1)
	for i := range 5 {
		if l := must(tree.Add(leaf(i))); l != mls.LeafIndex(i) {
			t.Fatalf("member %d at leaf %d", i, l)
		}
	}
	if tree.Nodes() != 15 {
		t.Fatalf("%d nodes for 5 members", tree.Nodes())
	}
	tree.Remove(1)
	if l := must(tree.Add(leaf(9))); l != 1 {
		t.Fatalf("next member at leaf %d, not the free one", l)
	}
	tree.Remove(2)
	tree.Remove(3)
	if tree.Nodes() != 15 {
		t.Fatalf("%d nodes with a member at leaf 4", tree.Nodes())
	}
	tree.Remove(4)
	if tree.Nodes() != 3 || tree.Leaf(2) != nil {
		t.Fatalf("%d nodes for leaves 0 and 1", tree.Nodes())
	}
	tree.Remove(1)
	tree.Remove(0)
	if tree.Nodes() != 1 {
		t.Fatalf("%d nodes for nobody", tree.Nodes())
	}
}

func TestTreeIsBounded(t *testing.T) {
	tree := mls.EmptyTree(1)
	for i := range 2048 {
		must(tree.Add(leaf(i)))
	}
	if _, err := tree.Add(leaf(2048)); err == nil {
		t.Error("a tree of more than 4095 nodes")
	}
	if _, err := mls.ParseTree(tree.Marshal()); err != nil {
		t.Error(err)
	}
}

func TestParseTreeRefuses(t *testing.T) {
	tree := mls.EmptyTree(1)
	must(tree.Add(leaf(1)))
	must(tree.Add(leaf(2)))
	nodes, _, err := mls.ReadVector(tree.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	one := nodes[:(len(nodes)-1)/2] // optional<Node> of a leaf
	for name, nodes := range map[string][][]byte{
		"nothing":           {},
		"only a blank":      {{0}},
		"last node blank":   {one, {0}},
		"leaf at odd place": {one, one},
		"parent at leaf":    {{1, 2, 0, 0, 0}},
		"node of type 3":    {{1, 3, 0, 0, 0}},
		"optional 2":        {{2}},
		"too many nodes":    {make([]byte, 4096), one},
	} {
		if _, err := mls.ParseTree(mls.AppendVector(nil, bytes.Join(nodes, nil))); err == nil {
			t.Errorf("parsed %s", name)
		}
	}
	if _, err := mls.ParseTree(mls.AppendVector(nil, bytes.Join([][]byte{one, {0}, one}, nil))); err != nil {
		t.Error(err)
	}
}
