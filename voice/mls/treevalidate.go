package mls

import (
	"bytes"
	"fmt"
	"slices"
)

// validate checks a tree received from somebody else, as a new member must
// (§12.4.3.1): every leaf, the unmerged leaves, the parent hashes, and that no key
// appears twice.
func (t *ratchetTree) validate(groupID []byte) error {
	for i := range t.nodes { // first: resolutions rely on it
		if err := t.validateUnmerged(nodeIndex(i)); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	keys := newKeySet()
	for i := range t.nodes {
		x, n := nodeIndex(i), &t.nodes[i]
		if n.blank() {
			continue
		}
		if err := keys.add(n); err != nil {
			return fmt.Errorf("node %d: %w", x, err)
		}
		if err := t.validateNode(x, groupID); err != nil {
			return fmt.Errorf("node %d: %w", x, err)
		}
	}
	return nil
}

func (t *ratchetTree) validateNode(x nodeIndex, groupID []byte) error {
	if leaf := t.nodes[x].leaf; leaf != nil {
		return leaf.validate(groupID, x.leaf())
	}
	if _, err := kem.NewPublicKey(t.nodes[x].parent.encryptionKey); err != nil {
		return fmt.Errorf("encryption key: %w", err)
	}
	if !t.parentHashValid(x) {
		return fmt.Errorf("%w: parent hash", errTreeShape)
	}
	return nil
}

// validateUnmerged checks that the unmerged leaves of x are members below x, in order,
// and unmerged in every node between.
func (t *ratchetTree) validateUnmerged(x nodeIndex) error {
	p := t.nodes[x].parent
	if p == nil {
		return nil
	}
	previous := -1
	for _, l := range p.unmergedLeaves {
		if int(l) <= previous || !t.has(l) || !x.covers(l.node()) {
			return fmt.Errorf("%w: unmerged leaf %d", errTreeShape, l)
		}
		previous = int(l)
		for y := l.node().parent(); y != x; y = y.parent() {
			if !t.nodes[y].unmerged(l) {
				return fmt.Errorf("%w: leaf %d unmerged above node %d only", errTreeShape, l, y)
			}
		}
	}
	return nil
}

// unmerged tells whether the node is blank or has l among its unmerged leaves.
func (n *treeNode) unmerged(l LeafIndex) bool {
	if n.parent == nil {
		return true
	}
	_, found := slices.BinarySearch(n.parent.unmergedLeaves, l)
	return found
}

// parentHashValid tells whether one node below x, made by the commit that made x,
// carries x's parent hash (§7.9.2).
func (t *ratchetTree) parentHashValid(x nodeIndex) bool {
	return t.parentHashIn(x, x.left(), x.right()) || t.parentHashIn(x, x.right(), x.left())
}

func (t *ratchetTree) parentHashIn(x, child, sibling nodeIndex) bool {
	want := t.parentHash(x, sibling)
	resolution := t.resolution(child)
	i := slices.IndexFunc(resolution, func(d nodeIndex) bool {
		return bytes.Equal(t.nodes[d].parentHash(), want)
	})
	if i < 0 {
		return false
	}
	var unmerged []nodeIndex
	for _, l := range t.nodes[x].parent.unmergedLeaves {
		if child.covers(l.node()) {
			unmerged = append(unmerged, l.node())
		}
	}
	return slices.Equal(slices.Delete(resolution, i, i+1), unmerged) // both ascend, if equal
}

// parentHash is the parent hash that the node carries, nil when it carries none.
func (n *treeNode) parentHash() []byte {
	switch {
	case n.parent != nil:
		return n.parent.parentHash
	case n.leaf.Source == SourceCommit:
		return n.leaf.ParentHash
	default:
		return nil
	}
}
