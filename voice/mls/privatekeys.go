package mls

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"fmt"
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
			return nil, fmt.Errorf("path secret is not that of node %d", x)
		}
		k[x] = key
		pathSecret = nextPathSecret(pathSecret)
	}
	return pathSecret, nil
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
			return nil, fmt.Errorf("path secret of node %d for %d recipients, not %d",
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
		return nil, errors.New("path passes us by")
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
	return nil, errors.New("no path secret for us")
}
