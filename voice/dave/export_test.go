package dave

import (
	"crypto/cipher"
	"maps"
	"slices"
	"time"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

var (
	DisplayCode         = displayCode
	KeyFingerprint      = keyFingerprint
	PairwiseFingerprint = pairwiseFingerprint
	UnwrapGeneration    = unwrapGeneration
)

type Replay = replay

func (r *Replay) Fresh(n uint64) bool { return r.fresh(n) }
func (r *Replay) Use(n uint64)        { r.use(n) }

// FrameNonce returns the nonce of a DAVE frame.
func FrameNonce(frame []byte) (uint32, bool) {
	f, ok := parseFrame(frame)
	return f.nonce, ok
}

// SealWith lets s seal with a base secret; the next frame has the nonce.
func (s *Session) SealWith(base []byte, nonce uint32) {
	k := &senderKey{ratchet: ratchet{secret: base}}
	k.aead = k.ratchet.next()
	k.count = nonce - 1
	s.sender.Store(&sender{Encrypted, k})
}

// SkipTo lets the next frame have the nonce, under the key there is.
func (s *Session) SkipTo(nonce uint32) { s.sender.Load().key.count = nonce - 1 }

// OpenWith lets s open a user's frames with a base secret.
func (s *Session) OpenWith(user snowflake.ID, base []byte) {
	s.receivers.of = map[snowflake.ID][]*receiver{user: {newReceiver(base, time.Now())}}
}

// BaseSecret returns what a member's keys of the group's epoch start from.
func (s *Session) BaseSecret(user snowflake.ID) []byte { return baseSecret(s.mls.group, user) }

// EpochAuthenticator is that of the group.
func (s *Session) EpochAuthenticator() []byte { return s.mls.group.EpochAuthenticator() }

// CurrentKey tells apart the keys that frames are sealed with; "" without one.
func (s *Session) CurrentKey() string {
	now := s.sender.Load()
	if now.sending != Encrypted {
		return ""
	}
	return KeyPrint(now.key.aead)
}

// KeyPrint is what a key makes of nothing, under a nonce that no frame has.
func KeyPrint(aead cipher.AEAD) string {
	nonce := [gcmNonceBytes]byte{0: 1}
	return string(aead.Seal(nil, nonce[:], make([]byte, 16), nil))
}

// Adopt replaces the key package that was sent.
func (s *Session) Adopt(own *mls.PrivateKeyPackage) {
	s.mls.enter(nil)
	s.mls.own = own
}

// Save keeps the key agreement's state, and returns what brings it back.
func (s *Session) Save() (restore func()) {
	agreement, key := s.mls, s.key
	return func() {
		s.mls, s.key, s.failures = agreement, key, nil
		s.publish()
	}
}

// Pending counts the transitions prepared and not executed.
func (s *Session) Pending() int { return len(s.pending) }

// Cached counts the proposals open, Commits those of ours that are.
func (s *Session) Cached() int  { return len(s.mls.cache) }
func (s *Session) Commits() int { return len(s.mls.commits) }

// KnownCodes lists whose pairwise codes are remembered.
func (s *Session) KnownCodes() []snowflake.ID {
	return slices.Sorted(maps.Keys(s.pairwise.known))
}
