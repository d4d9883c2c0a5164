package mls

import "fmt"

// ProposalType is the type of a Proposal (§17.4).
type ProposalType uint16

// The proposal types in use.
const (
	ProposalAdd    ProposalType = 1
	ProposalRemove ProposalType = 3
)

// Proposal is an Add or a Remove (§12.1).
type Proposal struct {
	Type   ProposalType
	Add    *KeyPackage // with ProposalAdd
	Remove LeafIndex   // with ProposalRemove
}

func readProposal(d *decoder) Proposal {
	p := Proposal{Type: ProposalType(d.uint16())}
	switch p.Type {
	case ProposalAdd:
		p.Add = readKeyPackage(d)
	case ProposalRemove:
		p.Remove = LeafIndex(d.uint32())
	default:
		d.fail(fmt.Errorf("proposal of type %d", p.Type))
	}
	return p
}

func (p *Proposal) appendTo(dst []byte) []byte {
	dst = appendUint16(dst, uint16(p.Type))
	if p.Type == ProposalAdd {
		return p.Add.appendTo(dst)
	}
	return appendUint32(dst, uint32(p.Remove))
}

// check refuses what no parser returns.
func (p *Proposal) check() error {
	switch {
	case p.Type == ProposalAdd && p.Add == nil:
		return fmt.Errorf("%w: an Add of nobody", ErrInvalidProposals)
	case p.Type != ProposalAdd && p.Type != ProposalRemove:
		return fmt.Errorf("%w: one of type %d", ErrInvalidProposals, p.Type)
	}
	return nil
}
