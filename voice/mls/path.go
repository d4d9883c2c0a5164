package mls

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"fmt"
	"io"
	"maps"
)

// privateKeys are the private keys we know of the tree's nodes: of our leaf and of
// nodes above it.
type privateKeys map[nodeIndex]hpke.PrivateKey

// known returns the keys that still belong to their node in t.
func (k privateKeys) known(t *ratchetTree) privateKeys {
	kept := maps.Clone(k)
	maps.DeleteFunc(kept, func(x nodeIndex, key hpke.PrivateKey) bool {
		return int(x) >= len(t.nodes) || t.nodes[x].blank() ||
			!bytes.Equal(key.PublicKey().Bytes(), t.nodes[x].encryptionKey())
	})
	return kept
}

// nodeKey derives a node's key pair from its path secret (§7.4).
func nodeKey(pathSecret []byte) (hpke.PrivateKey, error) {
	return kem.DeriveKeyPair(deriveSecret(pathSecret, "node"))
}

func nextPathSecret(pathSecret []byte) []byte { return deriveSecret(pathSecret, "path") }

// learn derives the keys of nodes, from below, of which the first has pathSecret, and
// compares them with the tree's. It adds them to k and returns the commit secret.
func (k privateKeys) learn(t *ratchetTree, nodes []nodeIndex, pathSecret []byte) (commitSecret []byte, err error) {
	for _, x := range nodes {
		key, err := nodeKey(pathSecret)
		if err != nil {
			return nil, fmt.Errorf("key of node %d: %w", x, err)
		}
		if !bytes.Equal(key.PublicKey().Bytes(), t.nodes[x].encryptionKey()) {
			return nil, fmt.Errorf("mls: path secret is not that of node %d", x)
		}
		k[x] = key
		pathSecret = nextPathSecret(pathSecret)
	}
	return pathSecret, nil
}

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

// mergePath puts another member's path into the tree (§7.5, §12.4.2).
func (t *ratchetTree) mergePath(sender LeafIndex, path *UpdatePath, groupID []byte) ([]pathStep, error) {
	if err := t.checkPathLeaf(sender, &path.LeafNode, groupID); err != nil {
		return nil, err
	}
	steps := t.filteredPath(sender)
	if len(path.Nodes) != len(steps) {
		return nil, fmt.Errorf("mls: path of %d nodes, not %d", len(path.Nodes), len(steps))
	}
	keys := t.keys(map[LeafIndex]bool{sender: true})
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
		return nil, errors.New("mls: wrong parent hash")
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
		return fmt.Errorf("mls: path with a leaf of source %d", leaf.Source)
	case bytes.Equal(leaf.EncryptionKey, old.EncryptionKey):
		return errors.New("mls: path keeps the leaf's encryption key")
	case !bytes.Equal(leaf.Credential.Identity, old.Credential.Identity):
		return errors.New("mls: path changes the committer's identity")
	}
	return leaf.validate(groupID, sender)
}

// open decrypts the path secret meant for us, out of a path that was merged into t,
// and derives the keys above (§12.4.2). It adds them to k and returns the commit
// secret. Context is the provisional GroupContext.
func (k privateKeys) open(t *ratchetTree, own LeafIndex, steps []pathStep, path *UpdatePath, added map[nodeIndex]bool, context []byte) ([]byte, error) {
	var pathSecret []byte
	var above []nodeIndex
	for i, s := range steps {
		recipients := t.recipients(s, added)
		if len(path.Nodes[i].EncryptedPathSecret) != len(recipients) {
			return nil, fmt.Errorf("mls: path secret of node %d for %d recipients, not %d",
				s.node, len(path.Nodes[i].EncryptedPathSecret), len(recipients))
		}
		if s.copath.covers(own.node()) {
			secret, err := k.decrypt(recipients, path.Nodes[i].EncryptedPathSecret, context)
			if err != nil {
				return nil, err
			}
			pathSecret = secret
		}
		if pathSecret != nil {
			above = append(above, s.node)
		}
	}
	if pathSecret == nil {
		return nil, errors.New("mls: path passes us by")
	}
	return k.learn(t, above, pathSecret)
}

// decrypt opens the ciphertext for the one of recipients whose key we know.
func (k privateKeys) decrypt(recipients []nodeIndex, ciphertexts []HPKECiphertext, context []byte) ([]byte, error) {
	for i, x := range recipients {
		if key := k[x]; key != nil {
			return decryptWithLabel(key, "UpdatePathNode", context, ciphertexts[i])
		}
	}
	return nil, errors.New("mls: no path secret for us")
}
