package mls

import "math/bits"

// LeafIndex numbers the leaves from the left.
type LeafIndex uint32

// nodeIndex numbers the nodes of a tree from the left (Appendix C): leaves are even.
//
//	      3
//	  1       5
//	0   2   4   6
type nodeIndex uint32

func (l LeafIndex) node() nodeIndex { return nodeIndex(l) * 2 }

func (x nodeIndex) isLeaf() bool    { return x&1 == 0 }
func (x nodeIndex) leaf() LeafIndex { return LeafIndex(x / 2) }

// level is the height above the leaves.
func (x nodeIndex) level() int { return bits.TrailingZeros32(^uint32(x)) }

func (x nodeIndex) left() nodeIndex  { return x ^ 1<<(x.level()-1) }
func (x nodeIndex) right() nodeIndex { return x ^ 3<<(x.level()-1) }

// parent is not defined for the root.
func (x nodeIndex) parent() nodeIndex {
	k := x.level()
	return (x | 1<<k) &^ (1 << (k + 1))
}

// sibling is the other child of the parent.
func (x nodeIndex) sibling() nodeIndex {
	p := x.parent()
	if x < p {
		return p.right()
	}
	return p.left()
}

// span returns the first and the last node of x's subtree.
func (x nodeIndex) span() (first, last nodeIndex) {
	half := nodeIndex(1)<<x.level() - 1
	return x - half, x + half
}

// covers tells whether y is in x's subtree, x itself included.
func (x nodeIndex) covers(y nodeIndex) bool {
	first, last := x.span()
	return first <= y && y <= last
}
