package mls

// groupContext is what all members agree on in an epoch (§8.1).
type groupContext struct {
	version                 ProtocolVersion
	cipherSuite             CipherSuite
	groupID                 []byte
	epoch                   uint64
	treeHash                []byte
	confirmedTranscriptHash []byte
	extensions              []Extension
}

func readGroupContext(d *decoder) groupContext {
	return groupContext{
		version:                 ProtocolVersion(d.uint16()),
		cipherSuite:             CipherSuite(d.uint16()),
		groupID:                 d.vector(),
		epoch:                   d.uint64(),
		treeHash:                d.vector(),
		confirmedTranscriptHash: d.vector(),
		extensions:              readExtensions(d),
	}
}

func (c *groupContext) appendTo(dst []byte) []byte {
	dst = appendUint16(dst, uint16(c.version))
	dst = appendUint16(dst, uint16(c.cipherSuite))
	dst = AppendVector(dst, c.groupID)
	dst = appendUint64(dst, c.epoch)
	dst = AppendVector(dst, c.treeHash)
	dst = AppendVector(dst, c.confirmedTranscriptHash)
	return appendExtensions(dst, c.extensions)
}

// groupInfo is what a new member learns of the group (§12.4.3).
type groupInfo struct {
	context         groupContext
	extensions      []Extension
	confirmationTag []byte
	signer          LeafIndex
	signature       []byte
}

func readGroupInfo(d *decoder) *groupInfo {
	return &groupInfo{
		context:         readGroupContext(d),
		extensions:      readExtensions(d),
		confirmationTag: d.vector(),
		signer:          LeafIndex(d.uint32()),
		signature:       d.vector(),
	}
}

// toBeSigned is GroupInfoTBS (§12.4.3).
func (i *groupInfo) toBeSigned() []byte {
	b := i.context.appendTo(nil)
	b = appendExtensions(b, i.extensions)
	b = AppendVector(b, i.confirmationTag)
	return appendUint32(b, uint32(i.signer))
}

func (i *groupInfo) sign(key *SignatureKey) (err error) {
	i.signature, err = key.signWithLabel("GroupInfoTBS", i.toBeSigned())
	return err
}

func (i *groupInfo) marshal() []byte { return AppendVector(i.toBeSigned(), i.signature) }

// groupSecrets is what a Welcome keeps secret for each new member (§12.4.3.1).
type groupSecrets struct {
	joinerSecret []byte
	pathSecret   []byte // nil: none
	psks         []byte // content of PreSharedKeyID psks<V>
}

func readGroupSecrets(d *decoder) *groupSecrets {
	s := &groupSecrets{joinerSecret: d.vector()}
	if d.optional() {
		s.pathSecret = d.vector()
	}
	s.psks = d.vector()
	return s
}

func (s *groupSecrets) marshal() []byte {
	b := AppendVector(nil, s.joinerSecret)
	b = appendOptional(b, s.pathSecret != nil)
	if s.pathSecret != nil {
		b = AppendVector(b, s.pathSecret)
	}
	return AppendVector(b, s.psks)
}
