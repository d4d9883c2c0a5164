package mls

import "fmt"

// Types of a Node in the ratchet_tree extension (§12.4.3.3).
const (
	nodeLeaf   = 1
	nodeParent = 2
)

func readParentNode(d *decoder) *parentNode {
	return &parentNode{
		encryptionKey: d.vector(),
		parentHash:    d.vector(),
		unmergedLeaves: readList(d, func(d *decoder) LeafIndex {
			return LeafIndex(d.uint32())
		}),
	}
}

func (p *parentNode) appendTo(dst []byte) []byte {
	dst = AppendVector(dst, p.encryptionKey)
	dst = AppendVector(dst, p.parentHash)
	return appendList(dst, p.unmergedLeaves, func(dst []byte, l LeafIndex) []byte {
		return appendUint32(dst, uint32(l))
	})
}

// readNode reads optional<Node>.
func readNode(d *decoder) (n treeNode) {
	if !d.optional() {
		return n
	}
	switch t := d.uint8(); t {
	case nodeLeaf:
		leaf := readLeafNode(d)
		n.leaf = &leaf
	case nodeParent:
		n.parent = readParentNode(d)
	default:
		d.fail(fmt.Errorf("node of type %d", t))
	}
	return n
}

func (n treeNode) appendTo(dst []byte) []byte {
	switch {
	case n.leaf != nil:
		return n.leaf.appendTo(append(dst, 1, nodeLeaf))
	case n.parent != nil:
		return n.parent.appendTo(append(dst, 1, nodeParent))
	default:
		return appendOptional(dst, false)
	}
}

// parseTree reads the content of a ratchet_tree extension (§12.4.3.3): the nodes up to
// the last that is not blank. The tree has the right shape but is not validated.
func parseTree(b []byte) (*ratchetTree, error) {
	nodes, err := parse(b, func(d *decoder) []treeNode { return readList(d, readNode) })
	if err != nil {
		return nil, fmt.Errorf("ratchet tree: %w", err)
	}
	if len(nodes) == 0 || nodes[len(nodes)-1].blank() || len(nodes) > 2*maxLeaves-1 {
		return nil, fmt.Errorf("%w: %d nodes, or the last one blank", errTreeShape, len(nodes))
	}
	for i, n := range nodes {
		if x := nodeIndex(i); (n.leaf != nil && !x.isLeaf()) || (n.parent != nil && x.isLeaf()) {
			return nil, fmt.Errorf("%w: node %d of the wrong type", errTreeShape, i)
		}
	}
	size := 1
	for size < len(nodes) {
		size = 2*size + 1
	}
	full := make([]treeNode, size)
	copy(full, nodes)
	return &ratchetTree{nodes: full}, nil
}

// marshal is the inverse of parseTree.
func (t *ratchetTree) marshal() []byte {
	n := len(t.nodes)
	for t.nodes[n-1].blank() {
		n--
	}
	return appendList(nil, t.nodes[:n], func(dst []byte, n treeNode) []byte { return n.appendTo(dst) })
}
