package mls

import "fmt"

// EncryptedGroupSecrets are the secrets of a Welcome for one new member (§12.4.3.1).
type EncryptedGroupSecrets struct {
	NewMember             KeyPackageRef
	EncryptedGroupSecrets HPKECiphertext
}

func readEncryptedGroupSecrets(d *decoder) EncryptedGroupSecrets {
	return EncryptedGroupSecrets{
		NewMember:             readHashReference(d),
		EncryptedGroupSecrets: readHPKECiphertext(d),
	}
}

func (s EncryptedGroupSecrets) appendTo(dst []byte) []byte {
	dst = AppendVector(dst, s.NewMember[:])
	return s.EncryptedGroupSecrets.appendTo(dst)
}

// Welcome brings new members into a group (§12.4.3.1).
type Welcome struct {
	CipherSuite        CipherSuite
	Secrets            []EncryptedGroupSecrets
	EncryptedGroupInfo []byte
}

func readWelcome(d *decoder) *Welcome {
	return &Welcome{
		CipherSuite:        CipherSuite(d.uint16()),
		Secrets:            readList(d, readEncryptedGroupSecrets),
		EncryptedGroupInfo: d.vector(),
	}
}

// ParseWelcome reads one bare Welcome and nothing after it.
func ParseWelcome(b []byte) (*Welcome, error) {
	w, err := parse(b, readWelcome)
	if err != nil {
		return nil, fmt.Errorf("welcome: %w", err)
	}
	return w, nil
}

// Marshal returns the TLS serialisation of the bare Welcome.
func (w *Welcome) Marshal() []byte {
	b := appendUint16(nil, uint16(w.CipherSuite))
	b = appendList(b, w.Secrets, func(dst []byte, s EncryptedGroupSecrets) []byte { return s.appendTo(dst) })
	return AppendVector(b, w.EncryptedGroupInfo)
}
