package mls

import (
	"errors"
	"fmt"
)

var errKeyTwice = errors.New("a key is there twice")

// keySet holds the public keys of a tree, none of which may appear twice (§7.3).
type keySet struct{ encryption, signature map[string]bool }

func newKeySet() keySet {
	return keySet{encryption: make(map[string]bool), signature: make(map[string]bool)}
}

// add adds the keys of a node that is not blank.
func (s keySet) add(n *treeNode) error {
	if n.leaf != nil {
		return s.addLeaf(n.leaf)
	}
	return s.addEncryptionKey(n.parent.encryptionKey)
}

func (s keySet) addLeaf(leaf *LeafNode) error {
	if s.signature[string(leaf.SignatureKey)] {
		return fmt.Errorf("%w: signature key of %x", errKeyTwice, leaf.Credential.Identity)
	}
	s.signature[string(leaf.SignatureKey)] = true
	return s.addEncryptionKey(leaf.EncryptionKey)
}

func (s keySet) addEncryptionKey(key []byte) error {
	if s.encryption[string(key)] {
		return fmt.Errorf("%w: encryption key", errKeyTwice)
	}
	s.encryption[string(key)] = true
	return nil
}

// keys collects the keys of all nodes but some leaves. Two alike can not be there.
func (t *ratchetTree) keys(without map[LeafIndex]bool) keySet {
	s := newKeySet()
	for i := range t.nodes {
		n, x := &t.nodes[i], nodeIndex(i)
		if n.blank() || (x.isLeaf() && without[x.leaf()]) {
			continue
		}
		s.encryption[string(n.encryptionKey())] = true
		if n.leaf != nil {
			s.signature[string(n.leaf.SignatureKey)] = true
		}
	}
	return s
}
