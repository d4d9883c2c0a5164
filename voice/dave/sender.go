package dave

import (
	"crypto/cipher"
	"math"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// senderKey seals our frames of one epoch. The nonce counter lives in it and it is
// made once per epoch, so that no key sees a nonce twice, whatever is made the
// current key in whatever order. One goroutine at a time seals.
type senderKey struct {
	epoch   uint64
	members int    // of the epoch, for the log
	serial  uint64 // grows with every epoch entered by the session

	ratchet ratchet
	aead    cipher.AEAD // of the generation before ratchet's
	count   uint32      // the nonce used last
	nonce   [gcmNonceBytes]byte
}

func newSenderKey(g *mls.Group, user snowflake.ID, serial uint64) *senderKey {
	k := &senderKey{
		epoch:   g.Epoch(),
		members: len(g.Members()),
		serial:  serial,
		ratchet: ratchet{secret: baseSecret(g, user)},
	}
	k.aead = k.ratchet.next()
	return k
}

// seal appends the sealed frame to dst, which it does without allocating when dst has
// room for the frame and Overhead; a new generation, every 93 h, is the exception.
// After 2^32-1 frames (2.7 years) the key is used up: only a new epoch helps.
func (k *senderKey) seal(dst, opus []byte) ([]byte, error) {
	if k.count == math.MaxUint32 {
		return dst, ErrNoKey
	}
	k.count++
	for k.ratchet.generation <= k.count>>generationShift {
		k.aead = k.ratchet.next()
	}
	putNonce(&k.nonce, k.count)
	dst = k.aead.Seal(dst, k.nonce[:], opus, nil)
	return appendTrailer(dst[:len(dst)-gcmTagBytes+tagBytes], k.count), nil
}

// sender is how frames are sent now. It never changes.
type sender struct {
	sending Sending
	key     *senderKey // with Encrypted
}

// SealFrame appends the frame as it is to be sent to dst and allocates nothing when
// dst has room for it and Overhead, which opus must not overlap. Under version 0 that
// is the frame itself; ErrNoKey when there is no key. The silence frame F8 FF FE goes
// out as it is, always: receivers take it in the clear under every version. One
// goroutine at a time calls it.
func (s *Session) SealFrame(dst, opus []byte) ([]byte, error) {
	now := s.sender.Load()
	if now.sending == Plain || isSilence(opus) {
		return append(dst, opus...), nil
	}
	if now.sending == Encrypted {
		if sealed, err := now.key.seal(dst, opus); err == nil {
			return sealed, nil
		}
	}
	s.metrics.dropped.Inc()
	return dst, ErrNoKey
}
