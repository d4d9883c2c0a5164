package mls

import "fmt"

const credentialBasic = 1 // §5.3, §17.5

// Credential is a basic credential (§5.3). There is no other type here.
type Credential struct{ Identity []byte }

func readCredential(d *decoder) Credential {
	if t := d.uint16(); t != credentialBasic {
		d.fail(fmt.Errorf("credential of type %d", t))
	}
	return Credential{Identity: d.vector()}
}

func (c Credential) appendTo(dst []byte) []byte {
	dst = appendUint16(dst, credentialBasic)
	return AppendVector(dst, c.Identity)
}

// ExternalSender may propose without being a member (§12.1.8.1).
type ExternalSender struct {
	SignatureKey []byte
	Credential   Credential
}

func readExternalSender(d *decoder) ExternalSender {
	return ExternalSender{SignatureKey: d.vector(), Credential: readCredential(d)}
}

func (s ExternalSender) appendTo(dst []byte) []byte {
	dst = AppendVector(dst, s.SignatureKey)
	return s.Credential.appendTo(dst)
}

// ParseExternalSender reads one ExternalSender and nothing after it.
func ParseExternalSender(b []byte) (*ExternalSender, error) {
	s, err := parse(b, readExternalSender)
	if err != nil {
		return nil, fmt.Errorf("external sender: %w", err)
	}
	return &s, nil
}

// Marshal returns the TLS serialisation.
func (s *ExternalSender) Marshal() []byte { return s.appendTo(nil) }
