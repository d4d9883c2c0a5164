package rtp

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"math"
)

// ErrExhausted says that a key has sealed 2^32 packets (2.7 years of audio) and
// must be replaced: going on would use a nonce twice.
var ErrExhausted = errors.New("transport key is used up")

// Sealer encrypts the packets of one secret key. The nonce counter lives in it, so
// that it can not restart under the same key. One goroutine at a time uses it.
type Sealer struct {
	aead  cipher.AEAD
	count uint64 // packets sealed
	nonce [maxNonceBytes]byte
}

// NewSealer returns a Sealer for a key of a Session Description (voice op 4).
func NewSealer(mode Mode, key []byte) (*Sealer, error) {
	aead, err := newAEAD(mode, key)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead: aead}, nil
}

// Seal appends one packet to dst and returns the extended slice:
//
//	header (12) ‖ ciphertext of payload ‖ tag (16) ‖ suffix (4)
//
// The suffix, a counter, is the first bytes of the nonce, whose rest is zero. The
// header is authenticated, the suffix is not. payload must not overlap dst's room, unless
// it lies where its ciphertext will: HeaderBytes behind dst.
func (s *Sealer) Seal(dst []byte, h Header, payload []byte) ([]byte, error) {
	if s.count > math.MaxUint32 {
		return dst, ErrExhausted
	}
	binary.BigEndian.PutUint32(s.nonce[:SuffixBytes], uint32(s.count))
	s.count++
	start := len(dst)
	dst = h.Append(dst)
	dst = s.aead.Seal(dst, s.nonce[:s.aead.NonceSize()], payload, dst[start:])
	return append(dst, s.nonce[:SuffixBytes]...), nil
}
