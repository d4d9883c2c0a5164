package mls

import (
	"fmt"
	"io"
)

// ownPath is a path that we make (§7.5).
type ownPath struct {
	leaf         *LeafNode
	steps        []pathStep
	secrets      [][]byte // path_secret of each step
	keys         privateKeys
	commitSecret []byte
}

// renewPath puts a new path of ours into the tree. The path secret and the leaf's key
// are each made of 32 bytes of random.
func (t *ratchetTree) renewPath(random io.Reader, own LeafIndex, key *SignatureKey, groupID []byte) (*ownPath, error) {
	p := &ownPath{steps: t.filteredPath(own), keys: make(privateKeys)}
	pathSecret := make([]byte, hashSize)
	if _, err := io.ReadFull(random, pathSecret); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	var publicKeys [][]byte
	for _, s := range p.steps {
		key, err := nodeKey(pathSecret)
		if err != nil {
			return nil, err
		}
		p.keys[s.node] = key
		p.secrets = append(p.secrets, pathSecret)
		publicKeys = append(publicKeys, key.PublicKey().Bytes())
		pathSecret = nextPathSecret(pathSecret)
	}
	p.commitSecret = pathSecret
	parentHash := t.setPath(own, p.steps, publicKeys)
	return p, p.renewLeaf(random, t, own, key, groupID, parentHash)
}

func (p *ownPath) renewLeaf(random io.Reader, t *ratchetTree, own LeafIndex, key *SignatureKey, groupID, parentHash []byte) error {
	encryptionKey, err := newKeyPair(random)
	if err != nil {
		return err
	}
	old := t.leaf(own)
	p.leaf = &LeafNode{
		EncryptionKey: encryptionKey.PublicKey().Bytes(),
		SignatureKey:  old.SignatureKey,
		Credential:    old.Credential,
		Capabilities:  old.Capabilities,
		Source:        SourceCommit,
		ParentHash:    parentHash,
		Extensions:    old.Extensions,
	}
	if err := p.leaf.sign(key, groupID, own); err != nil {
		return err
	}
	p.keys[own.node()] = encryptionKey
	t.set(own.node(), treeNode{leaf: p.leaf})
	return nil
}

// encrypt makes the UpdatePath (§7.6). Context is the provisional GroupContext.
func (p *ownPath) encrypt(t *ratchetTree, added map[nodeIndex]bool, context []byte) (*UpdatePath, error) {
	path := &UpdatePath{LeafNode: *p.leaf}
	for i, s := range p.steps {
		n := UpdatePathNode{EncryptionKey: t.nodes[s.node].encryptionKey()}
		for _, x := range t.recipients(s, added) {
			c, err := encryptWithLabel(t.nodes[x].encryptionKey(), "UpdatePathNode", context, p.secrets[i])
			if err != nil {
				return nil, fmt.Errorf("path secret for node %d: %w", x, err)
			}
			n.EncryptedPathSecret = append(n.EncryptedPathSecret, c)
		}
		path.Nodes = append(path.Nodes, n)
	}
	return path, nil
}

// secretFor is the path secret for a new member: that of the lowest node above both
// him and us.
func (p *ownPath) secretFor(l LeafIndex) []byte {
	for i, s := range p.steps {
		if s.copath.covers(l.node()) {
			return p.secrets[i]
		}
	}
	return nil
}
