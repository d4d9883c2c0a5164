package mls

import "slices"

// treeHash computes the hash of x's subtree (§7.8), and remembers it on the way.
func (t *ratchetTree) treeHash(x nodeIndex) []byte {
	n := &t.nodes[x]
	if n.hash == nil {
		var left, right []byte
		if !x.isLeaf() {
			left, right = t.treeHash(x.left()), t.treeHash(x.right())
		}
		n.hash = nodeHash(x, *n, left, right)
	}
	return n.hash
}

// rootHash is the tree's hash. With it, all hashes are known.
func (t *ratchetTree) rootHash() []byte { return t.treeHash(t.root()) }

// nodeHash hashes a TreeHashInput (§7.8).
func nodeHash(x nodeIndex, n treeNode, left, right []byte) []byte {
	b := make([]byte, 0, 512)
	if x.isLeaf() {
		b = appendUint32(append(b, nodeLeaf), uint32(x.leaf()))
		b = appendOptional(b, n.leaf != nil)
		if n.leaf != nil {
			b = n.leaf.appendTo(b)
		}
		return hash(b)
	}
	b = appendOptional(append(b, nodeParent), n.parent != nil)
	if n.parent != nil {
		b = n.parent.appendTo(b)
	}
	return hash(AppendVector(AppendVector(b, left), right))
}

// originalHash is the hash of x's subtree as it was before the leaves without were
// added: they are blank and nowhere unmerged (§7.9). Without is ascending.
func (t *ratchetTree) originalHash(x nodeIndex, without []LeafIndex) []byte {
	if !anyBelow(x, without) {
		return t.treeHash(x)
	}
	if x.isLeaf() {
		return nodeHash(x, treeNode{}, nil, nil)
	}
	n := treeNode{parent: t.nodes[x].parent}
	if n.parent != nil {
		p := *n.parent
		p.unmergedLeaves = slices.DeleteFunc(slices.Clone(p.unmergedLeaves), func(l LeafIndex) bool {
			_, found := slices.BinarySearch(without, l)
			return found
		})
		n.parent = &p
	}
	return nodeHash(x, n, t.originalHash(x.left(), without), t.originalHash(x.right(), without))
}

// anyBelow tells whether one of the ascending leaves is in x's subtree.
func anyBelow(x nodeIndex, leaves []LeafIndex) bool {
	first, last := x.span()
	i, _ := slices.BinarySearch(leaves, first.leaf())
	return i < len(leaves) && leaves[i] <= last.leaf()
}

// parentHash computes what a child of x carries as its parent hash, when sibling is
// the other child (§7.9). X is not blank.
func (t *ratchetTree) parentHash(x, sibling nodeIndex) []byte {
	p := t.nodes[x].parent
	b := AppendVector(nil, p.encryptionKey)
	b = AppendVector(b, p.parentHash)
	return hash(AppendVector(b, t.originalHash(sibling, p.unmergedLeaves)))
}
