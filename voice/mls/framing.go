package mls

import (
	"crypto/hmac"
	"errors"
	"fmt"
)

// toBeSigned is FramedContentTBS (§6.1). Context is the serialised GroupContext of the
// message's epoch; only members sign it.
func (c *FramedContent) toBeSigned(context []byte) []byte {
	b := appendUint16(nil, uint16(versionMLS10))
	b = appendUint16(b, wirePublicMessage)
	b = c.appendTo(b)
	if c.Sender.Type == SenderMember {
		b = append(b, context...)
	}
	return b
}

// appendAuthData appends FramedContentAuthData (§6.1).
func (m *PublicMessage) appendAuthData(dst []byte) []byte {
	dst = AppendVector(dst, m.Signature)
	if m.Content.Type == ContentCommit {
		dst = AppendVector(dst, m.ConfirmationTag)
	}
	return dst
}

// authenticatedContent appends AuthenticatedContent (§6).
func (m *PublicMessage) authenticatedContent(dst []byte) []byte {
	dst = appendUint16(dst, wirePublicMessage)
	dst = m.Content.appendTo(dst)
	return m.appendAuthData(dst)
}

// membershipTag computes the tag over AuthenticatedContentTBM (§6.2).
func (m *PublicMessage) membershipTag(membershipKey, context []byte) []byte {
	return mac(membershipKey, m.appendAuthData(m.Content.toBeSigned(context)))
}

func (m *PublicMessage) sign(key *SignatureKey, context []byte) (err error) {
	m.Signature, err = key.signWithLabel("FramedContentTBS", m.Content.toBeSigned(context))
	return err
}

func (m *PublicMessage) verifySignature(publicKey, context []byte) error {
	err := verifyWithLabel(publicKey, "FramedContentTBS", m.Content.toBeSigned(context), m.Signature)
	if err != nil {
		return fmt.Errorf("message: %w", err)
	}
	return nil
}

func (m *PublicMessage) verifyMembershipTag(membershipKey, context []byte) error {
	if !hmac.Equal(m.MembershipTag, m.membershipTag(membershipKey, context)) {
		return errors.New("wrong membership tag")
	}
	return nil
}

// SignExternalProposal makes the message by which an external sender proposes
// (§12.1.8): a delivery service's half, which members never need.
func SignExternalProposal(key *SignatureKey, groupID []byte, epoch uint64, index uint32, p Proposal) (*PublicMessage, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	m := &PublicMessage{Content: FramedContent{
		GroupID:  groupID,
		Epoch:    epoch,
		Sender:   Sender{Type: SenderExternal, Index: index},
		Type:     ContentProposal,
		Proposal: &p,
	}}
	if err := m.sign(key, nil); err != nil {
		return nil, err
	}
	return m, nil
}
