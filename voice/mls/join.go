package mls

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
)

// JoinGroup enters a group by a Welcome for own (§12.4.3.1). The tree must be inline.
func JoinGroup(w *Welcome, own *PrivateKeyPackage) (*Group, error) {
	g, err := join(w, own, nil, noPSKs)
	if err != nil {
		return nil, fmt.Errorf("join by welcome: %w", err)
	}
	return g, nil
}

// noPSKs is the psk_secret of a Welcome without pre-shared keys.
func noPSKs(psks []byte) (secret []byte, err error) {
	if len(psks) > 0 {
		return nil, errors.New("welcome with pre-shared keys")
	}
	return noSecret, nil
}

// join enters a group. Tree is the content of the ratchet_tree extension where it is
// not inline, pskSecret computes the psk_secret of the given PreSharedKeyIDs.
func join(w *Welcome, own *PrivateKeyPackage, tree []byte, pskSecret func(psks []byte) ([]byte, error)) (*Group, error) {
	secrets, err := w.open(own)
	if err != nil {
		return nil, err
	}
	psk, err := pskSecret(secrets.psks)
	if err != nil {
		return nil, err
	}
	info, err := w.openGroupInfo(welcomeSecret(secrets.joinerSecret, psk))
	if err != nil {
		return nil, err
	}
	g := &Group{context: info.context, signatureKey: own.signatureKey}
	if g.tree, err = info.tree(tree); err != nil {
		return nil, err
	}
	if err := info.verifySignature(g.tree); err != nil {
		return nil, err
	}
	if g.senders, err = externalSenders(info.context.extensions); err != nil {
		return nil, err
	}
	if err := g.findOwnLeaf(own); err != nil {
		return nil, err
	}
	if err := g.learnPath(info.signer, secrets.pathSecret); err != nil {
		return nil, err
	}
	epoch := epochSecret(secrets.joinerSecret, psk, info.context.appendTo(nil))
	if err := g.enterEpoch(epoch, info.confirmationTag); err != nil {
		return nil, err
	}
	return g, nil
}

// open decrypts the group secrets that w holds for own.
func (w *Welcome) open(own *PrivateKeyPackage) (*groupSecrets, error) {
	if w.CipherSuite != suiteP256 {
		return nil, fmt.Errorf("welcome of cipher suite %d", w.CipherSuite)
	}
	ref := own.KeyPackage.Ref()
	for _, s := range w.Secrets {
		if s.NewMember != ref {
			continue
		}
		b, err := decryptWithLabel(own.initKey, "Welcome", w.EncryptedGroupInfo, s.EncryptedGroupSecrets)
		if err != nil {
			return nil, err
		}
		return parse(b, readGroupSecrets)
	}
	return nil, errors.New("welcome is not for our key package")
}

func (w *Welcome) openGroupInfo(welcomeSecret []byte) (*groupInfo, error) {
	aead, nonce, err := welcomeAEAD(welcomeSecret)
	if err != nil {
		return nil, err
	}
	b, err := aead.Open(nil, nonce, w.EncryptedGroupInfo, nil)
	if err != nil {
		return nil, fmt.Errorf("decrypt group info: %w", err)
	}
	info, err := parse(b, readGroupInfo)
	if err != nil {
		return nil, fmt.Errorf("group info: %w", err)
	}
	if c := info.context; c.version != versionMLS10 || c.cipherSuite != suiteP256 {
		return nil, fmt.Errorf("group of version %d, cipher suite %d", c.version, c.cipherSuite)
	}
	return info, nil
}

// tree reads and validates the ratchet tree, which is inline unless it is given.
func (i *groupInfo) tree(given []byte) (*ratchetTree, error) {
	inline, found, err := findExtension(i.extensions, ExtensionRatchetTree)
	switch {
	case err != nil:
		return nil, err
	case found:
		given = inline
	case given == nil:
		return nil, errors.New("welcome without a ratchet tree")
	}
	t, err := parseTree(given)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(t.rootHash(), i.context.treeHash) {
		return nil, errors.New("ratchet tree of another hash")
	}
	if err := t.validate(i.context.groupID); err != nil {
		return nil, fmt.Errorf("ratchet tree: %w", err)
	}
	return t, nil
}

func (i *groupInfo) verifySignature(t *ratchetTree) error {
	signer := t.leaf(i.signer)
	if signer == nil {
		return fmt.Errorf("group info signed by nobody at leaf %d", i.signer)
	}
	err := verifyWithLabel(signer.SignatureKey, "GroupInfoTBS", i.toBeSigned(), i.signature)
	if err != nil {
		return fmt.Errorf("group info: %w", err)
	}
	return nil
}

// findOwnLeaf looks for the leaf of our key package.
func (g *Group) findOwnLeaf(own *PrivateKeyPackage) error {
	for l := range g.tree.leaves() {
		if leaf := g.tree.leaf(l); leaf != nil && leaf.equal(&own.KeyPackage.LeafNode) {
			g.own = l
			g.private = privateKeys{l.node(): own.encryptionKey}
			return nil
		}
	}
	return errors.New("our leaf is not in the ratchet tree")
}

// learnPath derives the keys of the nodes above both us and the signer, when the
// Welcome has a path secret for us.
func (g *Group) learnPath(signer LeafIndex, pathSecret []byte) error {
	if pathSecret == nil {
		return nil
	}
	var nodes []nodeIndex
	for _, x := range g.tree.directPath(g.own) {
		if x.covers(signer.node()) && !g.tree.nodes[x].blank() {
			nodes = append(nodes, x)
		}
	}
	_, err := g.private.learn(g.tree, nodes, pathSecret)
	return err
}

// enterEpoch takes on the secrets of the epoch we join and verifies the confirmation.
func (g *Group) enterEpoch(epochSecret, confirmationTag []byte) error {
	g.secrets = newEpochSecrets(epochSecret)
	confirmed := g.context.confirmedTranscriptHash
	if !hmac.Equal(mac(g.secrets.confirmationKey, confirmed), confirmationTag) {
		return errConfirmation
	}
	g.interim = interimTranscriptHash(confirmed, confirmationTag)
	return nil
}
