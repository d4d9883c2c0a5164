package dave

import (
	"crypto/cipher"
	"crypto/subtle"
	"time"
)

const (
	// grace is how long what was replaced is still good for receiving: keys after
	// their successors were prepared, and frames in the clear after an upgrade.
	grace = 10 * time.Second
	// maxGenerationGap is how far a frame's generation may be ahead.
	maxGenerationGap = 250
	// maxFrameRate is the most frames a sender makes per second: 50 of audio, twice
	// 60 of video. It bounds the generations there can be.
	maxFrameRate = 50 + 2*60
)

// receiver opens the frames of one sender in one epoch.
type receiver struct {
	ratchet ratchet
	created time.Time
	expires time.Time // zero: not yet known

	keys   []receiveKey // of the generations oldest to ratchet.generation-1
	oldest uint32
	newest uint32 // generation of a genuine frame
	replay replay
}

type receiveKey struct {
	aead    cipher.AEAD
	expires time.Time // zero: not yet known
}

func newReceiver(base []byte, now time.Time) *receiver {
	return &receiver{ratchet: ratchet{secret: base}, created: now}
}

func expired(expires, now time.Time) bool { return !expires.IsZero() && now.After(expires) }

// expire lets at be the end at the latest.
func (r *receiver) expire(at time.Time) {
	if r.expires.IsZero() || at.Before(r.expires) {
		r.expires = at
	}
}

// open returns the media in f, in memory of scratch that is good until its next use.
func (r *receiver) open(scratch *scratch, f *sealedFrame, now time.Time) ([]byte, error) {
	r.forget(now)
	generation := unwrapGeneration(r.oldest, f.generation())
	key, ok := r.key(generation, now)
	if !ok {
		return nil, ErrGeneration
	}
	plain, ok := scratch.open(key, f)
	if !ok {
		return nil, ErrTag
	}
	nonce := uint64(generation)<<generationShift | uint64(f.nonce&(1<<generationShift-1))
	if !r.replay.fresh(nonce) {
		return nil, ErrReplay
	}
	r.replay.use(nonce)
	r.reached(generation, now)
	return plain, nil
}

// unwrapGeneration returns the generation a frame's eight bits mean: the first from
// the oldest on that ends in them.
func unwrapGeneration(oldest, wrapped uint32) uint32 {
	g := oldest/256*256 + wrapped
	if wrapped < oldest%256 {
		g += 256
	}
	return g
}

// key returns the key of a generation that is kept, or could have been reached.
func (r *receiver) key(generation uint32, now time.Time) (cipher.AEAD, bool) {
	possible := maxFrameRate * int64(now.Sub(r.created)/time.Second) >> generationShift
	if generation < r.oldest || generation > r.newest+maxGenerationGap || int64(generation) > possible {
		return nil, false
	}
	for r.ratchet.generation <= generation {
		r.keys = append(r.keys, receiveKey{aead: r.ratchet.next()})
	}
	return r.keys[generation-r.oldest].aead, true
}

// reached lets the keys before a generation expire once it was seen.
func (r *receiver) reached(generation uint32, now time.Time) {
	if generation <= r.newest {
		return
	}
	r.newest = generation
	for i := range r.keys[:generation-r.oldest] {
		if k := &r.keys[i]; k.expires.IsZero() {
			k.expires = now.Add(grace)
		}
	}
}

// forget drops the oldest keys when they are expired.
func (r *receiver) forget(now time.Time) {
	for len(r.keys) > 0 && expired(r.keys[0].expires, now) {
		r.keys = r.keys[1:]
		r.oldest++
	}
}

// scratch is the memory in which frames are opened. One goroutine at a time uses it.
type scratch struct {
	nonce       [gcmNonceBytes]byte
	plain, seal []byte
}

// open decrypts and verifies a frame. Package cipher refuses tags as short as ours;
// but GCM encrypts with a key stream, so sealing the ciphertext gives the plaintext,
// and sealing that gives the tag to compare with.
func (s *scratch) open(aead cipher.AEAD, f *sealedFrame) ([]byte, bool) {
	putNonce(&s.nonce, f.nonce)
	n := len(f.ciphertext)
	s.plain = aead.Seal(s.plain[:0], s.nonce[:], f.ciphertext, nil)
	s.seal = aead.Seal(s.seal[:0], s.nonce[:], s.plain[:n], nil)
	genuine := subtle.ConstantTimeCompare(s.seal[n:n+tagBytes], f.tag) == 1
	return s.plain[:n], genuine
}
