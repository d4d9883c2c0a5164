package rtp

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// Mode names a transport encryption as the voice gateway does.
type Mode string

// The modes that exist since 2024-11-18. "rtpsize" means that what SRTP leaves
// clear stays clear and is authenticated: header, CSRCs and the four bytes of an
// extension's preamble.
const (
	AES256GCM         Mode = "aead_aes256_gcm_rtpsize"         // offered where the hardware is able
	XChaCha20Poly1305 Mode = "aead_xchacha20_poly1305_rtpsize" // always offered
)

// Modes are the modes we support, the preferred one first.
var Modes = []Mode{AES256GCM, XChaCha20Poly1305}

// KeyBytes is the length of the secret key in both modes.
const KeyBytes = 32

// maxNonceBytes is the longest nonce of the two modes, XChaCha20's.
const maxNonceBytes = chacha20poly1305.NonceSizeX

// Choose returns our most preferred mode among those the server offers.
func Choose(offered []Mode) (Mode, bool) {
	for _, mode := range Modes {
		if slices.Contains(offered, mode) {
			return mode, true
		}
	}
	return "", false
}

func newAEAD(mode Mode, key []byte) (cipher.AEAD, error) {
	if len(key) != KeyBytes {
		return nil, fmt.Errorf("transport key of %d bytes, want %d", len(key), KeyBytes)
	}
	switch mode {
	case AES256GCM:
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(block)
	case XChaCha20Poly1305:
		return chacha20poly1305.NewX(key)
	}
	return nil, fmt.Errorf("unknown transport encryption %q", mode)
}
