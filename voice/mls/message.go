package mls

import "fmt"

const wirePublicMessage uint16 = 1 // §17.2

// SenderType says who sent a FramedContent (§6).
type SenderType uint8

// The sender types in use.
const (
	SenderMember   SenderType = 1
	SenderExternal SenderType = 2
)

// ContentType says what a FramedContent holds (§6).
type ContentType uint8

// The content types in use.
const (
	ContentProposal ContentType = 2
	ContentCommit   ContentType = 3
)

// Sender of a FramedContent (§6).
type Sender struct {
	Type  SenderType
	Leaf  LeafIndex // with SenderMember
	Index uint32    // with SenderExternal
}

func readSender(d *decoder) Sender {
	s := Sender{Type: SenderType(d.uint8())}
	switch s.Type {
	case SenderMember:
		s.Leaf = LeafIndex(d.uint32())
	case SenderExternal:
		s.Index = d.uint32()
	default:
		d.fail(fmt.Errorf("sender of type %d", s.Type))
	}
	return s
}

func (s Sender) appendTo(dst []byte) []byte {
	dst = append(dst, byte(s.Type))
	if s.Type == SenderMember {
		return appendUint32(dst, uint32(s.Leaf))
	}
	return appendUint32(dst, s.Index)
}

// FramedContent is what is signed (§6).
type FramedContent struct {
	GroupID           []byte
	Epoch             uint64
	Sender            Sender
	AuthenticatedData []byte
	Type              ContentType
	Proposal          *Proposal // with ContentProposal
	Commit            *Commit   // with ContentCommit
}

func readFramedContent(d *decoder) FramedContent {
	c := FramedContent{
		GroupID:           d.vector(),
		Epoch:             d.uint64(),
		Sender:            readSender(d),
		AuthenticatedData: d.vector(),
		Type:              ContentType(d.uint8()),
	}
	switch c.Type {
	case ContentProposal:
		p := readProposal(d)
		c.Proposal = &p
	case ContentCommit:
		c.Commit = readCommit(d)
	default:
		d.fail(fmt.Errorf("content of type %d", c.Type))
	}
	return c
}

func (c *FramedContent) appendTo(dst []byte) []byte {
	dst = AppendVector(dst, c.GroupID)
	dst = appendUint64(dst, c.Epoch)
	dst = c.Sender.appendTo(dst)
	dst = AppendVector(dst, c.AuthenticatedData)
	dst = append(dst, byte(c.Type))
	if c.Type == ContentProposal {
		return c.Proposal.appendTo(dst)
	}
	return c.Commit.appendTo(dst)
}

// PublicMessage is a signed proposal or commit in the clear (§6.2).
type PublicMessage struct {
	Content         FramedContent
	Signature       []byte
	ConfirmationTag []byte // of a commit
	MembershipTag   []byte // of a member
}

func readPublicMessage(d *decoder) *PublicMessage {
	m := &PublicMessage{Content: readFramedContent(d), Signature: d.vector()}
	if m.Content.Type == ContentCommit {
		m.ConfirmationTag = d.vector()
	}
	if m.Content.Sender.Type == SenderMember {
		m.MembershipTag = d.vector()
	}
	return m
}

// ParsePublicMessage reads one MLSMessage that holds a PublicMessage, and returns
// what follows it.
func ParsePublicMessage(b []byte) (m *PublicMessage, rest []byte, err error) {
	m, rest, err = parsePrefix(b, func(d *decoder) *PublicMessage {
		version, format := d.uint16(), d.uint16()
		if version != uint16(versionMLS10) || format != wirePublicMessage {
			d.fail(fmt.Errorf("version %d, wire format %d", version, format))
		}
		return readPublicMessage(d)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("public message: %w", err)
	}
	return m, rest, nil
}

// Marshal returns the TLS serialisation as an MLSMessage (§6).
func (m *PublicMessage) Marshal() []byte {
	b := m.authenticatedContent(appendUint16(nil, uint16(versionMLS10)))
	if m.Content.Sender.Type == SenderMember {
		b = AppendVector(b, m.MembershipTag)
	}
	return b
}

// ProposalRef names the proposal in m (§5.2).
func (m *PublicMessage) ProposalRef() ProposalRef {
	return refHash("MLS 1.0 Proposal Reference", m.authenticatedContent(nil))
}
