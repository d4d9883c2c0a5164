package mls

import (
	"bytes"
	"errors"
	"fmt"
)

// setPath blanks the direct path of a leaf and puts new keys on its filtered direct
// path (§7.5). It returns the parent hash for the leaf (§7.9).
func (t *ratchetTree) setPath(l LeafIndex, steps []pathStep, keys [][]byte) (parentHash []byte) {
	t.blankPath(l)
	for i := len(steps) - 1; i >= 0; i-- {
		x := steps[i].node
		t.set(x, treeNode{parent: &parentNode{encryptionKey: keys[i], parentHash: parentHash}})
		parentHash = t.parentHash(x, steps[i].copath)
	}
	return parentHash
}

// recipients lists the nodes to which a path secret is encrypted: those that cover the
// members below the copath child, but not the members who are added only now (§7.5).
func (t *ratchetTree) recipients(step pathStep, added map[nodeIndex]bool) []nodeIndex {
	var nodes []nodeIndex
	for _, x := range t.resolution(step.copath) {
		if !added[x] {
			nodes = append(nodes, x)
		}
	}
	return nodes
}

// mergePath puts another member's path into the tree (§7.5, §12.4.2).
func (t *ratchetTree) mergePath(sender LeafIndex, path *UpdatePath, groupID []byte) ([]pathStep, error) {
	if err := t.checkPathLeaf(sender, &path.LeafNode, groupID); err != nil {
		return nil, err
	}
	steps := t.filteredPath(sender)
	if len(path.Nodes) != len(steps) {
		return nil, fmt.Errorf("path of %d nodes, not %d", len(path.Nodes), len(steps))
	}
	// No public key of the path may be in the tree yet, not even in the committer's old
	// leaf or path.
	keys := t.keys(map[LeafIndex]bool{sender: true})
	keys.encryption[string(t.leaf(sender).EncryptionKey)] = true
	if err := keys.addLeaf(&path.LeafNode); err != nil {
		return nil, err
	}
	var publicKeys [][]byte
	for _, n := range path.Nodes {
		if err := keys.addEncryptionKey(n.EncryptionKey); err != nil {
			return nil, err
		}
		if _, err := kem.NewPublicKey(n.EncryptionKey); err != nil {
			return nil, fmt.Errorf("path: %w", err)
		}
		publicKeys = append(publicKeys, n.EncryptionKey)
	}
	if !bytes.Equal(t.setPath(sender, steps, publicKeys), path.LeafNode.ParentHash) {
		return nil, errors.New("wrong parent hash")
	}
	leaf := path.LeafNode
	t.set(sender.node(), treeNode{leaf: &leaf})
	return steps, nil
}

// checkPathLeaf checks the new leaf of a committer, who stays who he was.
func (t *ratchetTree) checkPathLeaf(sender LeafIndex, leaf *LeafNode, groupID []byte) error {
	old := t.leaf(sender)
	switch {
	case leaf.Source != SourceCommit:
		return fmt.Errorf("path with a leaf of source %d", leaf.Source)
	case !bytes.Equal(leaf.Credential.Identity, old.Credential.Identity):
		return errors.New("path changes the committer's identity")
	}
	return leaf.validate(groupID, sender)
}
