package voice

import (
	"slices"
	"sync"

	"busker/voice/rtp"
)

// maxKeys is how many transport keys a Conn remembers: far more than sessions live at a
// time, and no key has come back yet.
const maxKeys = 16

// keyring keeps the one sealer there is of each transport key, over all sessions of a
// Conn: should a server give a key again, its nonces go on. Its method may be called
// concurrently; a sealer is used by the Conn's line only.
type keyring struct {
	mu    sync.Mutex
	keys  []transportKey // the oldest first; secrets
	known map[transportKey]*rtp.Sealer
}

// transportKey is what the transport's nonces must be unique for.
type transportKey struct {
	mode rtp.Mode
	key  [rtp.KeyBytes]byte
}

// sealer returns the sealer of a key.
func (k *keyring) sealer(mode rtp.Mode, key []byte) (*rtp.Sealer, error) {
	id := transportKey{mode: mode}
	copy(id.key[:], key)
	k.mu.Lock()
	defer k.mu.Unlock()
	if sealer := k.known[id]; sealer != nil && len(key) == rtp.KeyBytes {
		k.keys = append(slices.DeleteFunc(k.keys, func(other transportKey) bool { return other == id }), id)
		return sealer, nil
	}
	sealer, err := rtp.NewSealer(mode, key)
	if err != nil {
		return nil, err
	}
	if k.known == nil {
		k.known = make(map[transportKey]*rtp.Sealer)
	}
	if len(k.keys) == maxKeys {
		delete(k.known, k.keys[0])
		k.keys = slices.Delete(k.keys, 0, 1)
	}
	k.known[id], k.keys = sealer, append(k.keys, id)
	return sealer, nil
}
