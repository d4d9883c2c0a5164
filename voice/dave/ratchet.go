package dave

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

const (
	keyBytes    = 16 // AES-128
	secretBytes = 32 // of a ratchet's secrets after the first, Nh of the cipher suite
	// generationShift: the top byte of a frame's 32-bit nonce is the generation of
	// its key, so that one key seals at most 2^24 frames (93 h of audio).
	generationShift = 24
	// exporterLabel derives a sender's base secret from the group's epoch.
	exporterLabel = "Discord Secure Frames v0"
)

// baseSecret is where a sender's ratchet starts in the group's epoch. The exporter's
// context is the user id in little endian, other than everywhere else in DAVE.
func baseSecret(g *mls.Group, user snowflake.ID) []byte {
	return g.Export(exporterLabel, binary.LittleEndian.AppendUint64(nil, uint64(user)), keyBytes)
}

// ratchet makes the keys of one sender in one epoch, generation by generation, and
// can not go back (RFC 9420 §9.1). One goroutine at a time uses it.
type ratchet struct {
	secret     []byte // of the generation that comes next
	generation uint32 // that comes next
}

// next returns the key of the next generation.
func (r *ratchet) next() cipher.AEAD {
	number := binary.BigEndian.AppendUint32(nil, r.generation)
	key := mls.ExpandWithLabel(r.secret, "key", number, keyBytes)
	r.secret = mls.ExpandWithLabel(r.secret, "secret", number, secretBytes)
	r.generation++
	return newAEAD(key)
}

// newAEAD returns AES-128-GCM with its whole tag of 16 bytes, which frames carry the
// first 8 of.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key's length is ours
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has GCM's block size
	}
	return aead
}
