package mls

import "crypto/cipher"

// noSecret stands for a commit_secret or psk_secret that is not there (§8).
var noSecret = make([]byte, hashSize)

// epochSecrets are the secrets of an epoch that we use (§8).
type epochSecrets struct {
	init               []byte // init_secret
	exporter           []byte // exporter_secret
	confirmationKey    []byte
	membershipKey      []byte
	epochAuthenticator []byte
}

func newEpochSecrets(epochSecret []byte) epochSecrets {
	return epochSecrets{
		init:               deriveSecret(epochSecret, "init"),
		exporter:           deriveSecret(epochSecret, "exporter"),
		confirmationKey:    deriveSecret(epochSecret, "confirm"),
		membershipKey:      deriveSecret(epochSecret, "membership"),
		epochAuthenticator: deriveSecret(epochSecret, "authentication"),
	}
}

// newJoinerSecret begins the key schedule of a new epoch (§8, Figure 22). Context is
// the new epoch's GroupContext.
func newJoinerSecret(initSecret, commitSecret, context []byte) []byte {
	return ExpandWithLabel(extract(initSecret, commitSecret), "joiner", context, hashSize)
}

// welcomeSecret and epochSecret continue it.
func welcomeSecret(joinerSecret, pskSecret []byte) []byte {
	return deriveSecret(extract(joinerSecret, pskSecret), "welcome")
}

func epochSecret(joinerSecret, pskSecret, context []byte) []byte {
	return ExpandWithLabel(extract(joinerSecret, pskSecret), "epoch", context, hashSize)
}

// welcomeAEAD returns what seals the GroupInfo of a Welcome (§12.4.3.1).
func welcomeAEAD(welcomeSecret []byte) (aead cipher.AEAD, nonce []byte, err error) {
	aead, err = newAEAD(ExpandWithLabel(welcomeSecret, "key", nil, keySize))
	return aead, ExpandWithLabel(welcomeSecret, "nonce", nil, nonceSize), err
}

// export is MLS-Exporter (§8.5).
func (s *epochSecrets) export(label string, context []byte, length int) []byte {
	return ExpandWithLabel(deriveSecret(s.exporter, label), "exported", hash(context), length)
}
