package mls

import "fmt"

// ProposalOrRefType says how a Commit names a proposal (§12.4).
const (
	proposalInline    = 1
	proposalReference = 2
)

// ProposalOrRef is a proposal in a Commit, inline or by reference (§12.4).
type ProposalOrRef struct {
	Inline *Proposal // nil: by reference
	Ref    ProposalRef
}

func readProposalOrRef(d *decoder) (p ProposalOrRef) {
	switch t := d.uint8(); t {
	case proposalInline:
		inline := readProposal(d)
		p.Inline = &inline
	case proposalReference:
		p.Ref = readHashReference(d)
	default:
		d.fail(fmt.Errorf("proposal named in way %d", t))
	}
	return p
}

func (p ProposalOrRef) appendTo(dst []byte) []byte {
	if p.Inline != nil {
		return p.Inline.appendTo(append(dst, proposalInline))
	}
	return AppendVector(append(dst, proposalReference), p.Ref[:])
}

// HPKECiphertext is a ciphertext and the encapsulated key before it (§7.6).
type HPKECiphertext struct{ KEMOutput, Ciphertext []byte }

func readHPKECiphertext(d *decoder) HPKECiphertext {
	return HPKECiphertext{KEMOutput: d.vector(), Ciphertext: d.vector()}
}

func (c HPKECiphertext) appendTo(dst []byte) []byte {
	return AppendVector(AppendVector(dst, c.KEMOutput), c.Ciphertext)
}

// UpdatePathNode is one node of an UpdatePath (§7.6).
type UpdatePathNode struct {
	EncryptionKey       []byte
	EncryptedPathSecret []HPKECiphertext
}

func readUpdatePathNode(d *decoder) UpdatePathNode {
	return UpdatePathNode{
		EncryptionKey:       d.vector(),
		EncryptedPathSecret: readList(d, readHPKECiphertext),
	}
}

func (n UpdatePathNode) appendTo(dst []byte) []byte {
	dst = AppendVector(dst, n.EncryptionKey)
	return appendList(dst, n.EncryptedPathSecret, func(dst []byte, c HPKECiphertext) []byte {
		return c.appendTo(dst)
	})
}

// UpdatePath renews the committer's leaf and path (§7.6).
type UpdatePath struct {
	LeafNode LeafNode
	Nodes    []UpdatePathNode
}

func readUpdatePath(d *decoder) *UpdatePath {
	return &UpdatePath{LeafNode: readLeafNode(d), Nodes: readList(d, readUpdatePathNode)}
}

func (p *UpdatePath) appendTo(dst []byte) []byte {
	dst = p.LeafNode.appendTo(dst)
	return appendList(dst, p.Nodes, func(dst []byte, n UpdatePathNode) []byte { return n.appendTo(dst) })
}

// Commit applies proposals (§12.4).
type Commit struct {
	Proposals []ProposalOrRef
	Path      *UpdatePath // nil: none
}

func readCommit(d *decoder) *Commit {
	c := &Commit{Proposals: readList(d, readProposalOrRef)}
	if d.optional() {
		c.Path = readUpdatePath(d)
	}
	return c
}

func (c *Commit) appendTo(dst []byte) []byte {
	dst = appendList(dst, c.Proposals, func(dst []byte, p ProposalOrRef) []byte { return p.appendTo(dst) })
	dst = appendOptional(dst, c.Path != nil)
	if c.Path != nil {
		dst = c.Path.appendTo(dst)
	}
	return dst
}
