package mls

import (
	"errors"
	"fmt"
	"slices"
)

// maxLeaves bounds the tree: 4095 nodes.
const maxLeaves = 2048

var (
	errTreeShape     = errors.New("malformed ratchet tree")
	errTooManyLeaves = fmt.Errorf("more than %d leaves", maxLeaves)
)

// parentNode is a node above the leaves (§7.1). One that is part of a tree is not
// changed any more.
type parentNode struct {
	encryptionKey  []byte
	parentHash     []byte
	unmergedLeaves []LeafIndex // ascending
}

// treeNode is a place in the tree; a blank one has neither leaf nor parent.
type treeNode struct {
	leaf   *LeafNode   // at even places
	parent *parentNode // at odd places
	hash   []byte      // tree hash (§7.8); nil: to be computed
}

func (n *treeNode) blank() bool { return n.leaf == nil && n.parent == nil }

// encryptionKey is not for blank nodes.
func (n *treeNode) encryptionKey() []byte {
	if n.leaf != nil {
		return n.leaf.EncryptionKey
	}
	return n.parent.encryptionKey
}

// ratchetTree is the public part of the tree (§4.1, §7). The tree of a Group has all
// its hashes and never changes; changes are made to a clone.
type ratchetTree struct {
	nodes []treeNode // 2^n - 1 of them
}

func newTree(first *LeafNode) *ratchetTree {
	return &ratchetTree{nodes: []treeNode{{leaf: first}}}
}

func (t *ratchetTree) clone() *ratchetTree { return &ratchetTree{nodes: slices.Clone(t.nodes)} }

func (t *ratchetTree) root() nodeIndex      { return nodeIndex(len(t.nodes) / 2) }
func (t *ratchetTree) leaves() LeafIndex    { return LeafIndex(len(t.nodes)/2 + 1) }
func (t *ratchetTree) has(l LeafIndex) bool { return t.leaf(l) != nil }

// leaf is nil when it is blank or not there.
func (t *ratchetTree) leaf(l LeafIndex) *LeafNode {
	if l >= t.leaves() {
		return nil
	}
	return t.nodes[l.node()].leaf
}

// set fills a place, or blanks it, and forgets the hashes that depend on it.
func (t *ratchetTree) set(x nodeIndex, n treeNode) {
	t.nodes[x] = treeNode{leaf: n.leaf, parent: n.parent}
	for x != t.root() {
		x = x.parent()
		t.nodes[x].hash = nil
	}
}

// directPath lists the nodes above a leaf, from below (§4.1.1).
func (t *ratchetTree) directPath(l LeafIndex) []nodeIndex {
	var path []nodeIndex
	for x := l.node(); x != t.root(); {
		x = x.parent()
		path = append(path, x)
	}
	return path
}

// pathStep is a node of a filtered direct path and its child that is not on the path.
type pathStep struct{ node, copath nodeIndex }

// filteredPath lists the direct path without the nodes whose copath child has an empty
// resolution (§4.1.2).
func (t *ratchetTree) filteredPath(l LeafIndex) []pathStep {
	var steps []pathStep
	for x := l.node(); x != t.root(); x = x.parent() {
		if !t.empty(x.sibling()) {
			steps = append(steps, pathStep{node: x.parent(), copath: x.sibling()})
		}
	}
	return steps
}

// empty tells whether everything in x's subtree is blank.
func (t *ratchetTree) empty(x nodeIndex) bool {
	first, last := x.span()
	return !slices.ContainsFunc(t.nodes[first:last+1], func(n treeNode) bool { return !n.blank() })
}

// resolution lists the fewest nodes that cover all members below x (§4.1.2).
func (t *ratchetTree) resolution(x nodeIndex) []nodeIndex { return t.resolve(nil, x) }

func (t *ratchetTree) resolve(dst []nodeIndex, x nodeIndex) []nodeIndex {
	switch n := &t.nodes[x]; {
	case n.leaf != nil:
		return append(dst, x)
	case n.parent != nil:
		dst = append(dst, x)
		for _, l := range n.parent.unmergedLeaves {
			dst = append(dst, l.node())
		}
		return dst
	case x.isLeaf():
		return dst
	default:
		return t.resolve(t.resolve(dst, x.left()), x.right())
	}
}

// add puts a leaf into the leftmost blank place, or doubles the tree (§7.7, §12.1.1).
func (t *ratchetTree) add(leaf *LeafNode) (LeafIndex, error) {
	var l LeafIndex
	for t.has(l) {
		l++
	}
	if l == maxLeaves {
		return 0, errTooManyLeaves
	}
	if l == t.leaves() {
		t.nodes = append(t.nodes, make([]treeNode, len(t.nodes)+1)...)
	}
	t.set(l.node(), treeNode{leaf: leaf})
	for _, x := range t.directPath(l) {
		t.addUnmerged(x, l)
	}
	return l, nil
}

func (t *ratchetTree) addUnmerged(x nodeIndex, l LeafIndex) {
	if t.nodes[x].parent == nil {
		return
	}
	p := *t.nodes[x].parent
	i, _ := slices.BinarySearch(p.unmergedLeaves, l)
	p.unmergedLeaves = slices.Insert(slices.Clone(p.unmergedLeaves), i, l)
	t.nodes[x].parent = &p
}

// remove blanks a leaf and its direct path (§12.1.3). The tree is not truncated.
func (t *ratchetTree) remove(l LeafIndex) {
	t.set(l.node(), treeNode{})
	t.blankPath(l)
}

func (t *ratchetTree) blankPath(l LeafIndex) {
	for _, x := range t.directPath(l) {
		t.nodes[x] = treeNode{}
	}
}

// truncate halves the tree while its right half is blank (§7.7).
func (t *ratchetTree) truncate() {
	for len(t.nodes) > 1 && t.empty(t.root().right()) {
		t.nodes = t.nodes[:len(t.nodes)/2]
	}
}
