package voiceserver

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"
)

// suffixBytes is the length of the nonce counter behind a packet.
const suffixBytes = 4

// tagBytes is the length of the tag of both modes.
const tagBytes = 16

// transport encrypts both directions of a session under one key (reference 3.4):
//
//	header | AEAD(key, nonce, rest, header) | suffix (4)        nonce = suffix | zeros
//
// The header is what SRTP would leave clear, so only the first four bytes of an
// extension belong to it.
type transport struct {
	aead cipher.AEAD

	in nonceLog // of the session's stream lock

	mu      sync.Mutex
	counter uint32 // of what the server sends
}

func newTransport(mode string, key [32]byte) (*transport, error) {
	switch mode {
	case ModeAES256GCM:
		block, err := aes.NewCipher(key[:])
		if err != nil {
			return nil, fmt.Errorf("transport key: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		return &transport{aead: aead}, err
	case ModeXChaCha20Poly1305:
		aead, err := chacha20poly1305.NewX(key[:])
		return &transport{aead: aead}, err
	}
	return nil, fmt.Errorf("unknown encryption mode %q", mode)
}

var errShort = errors.New("packet too short")

// open decrypts the body of a packet behind its clear header, into dst.
func (t *transport) open(dst, packet []byte, header int) ([]byte, error) {
	end := len(packet) - suffixBytes
	if end < header+tagBytes {
		return nil, errShort
	}
	var nonce [chacha20poly1305.NonceSizeX]byte
	copy(nonce[:], packet[end:])
	return t.aead.Open(dst, nonce[:t.aead.NonceSize()], packet[header:end], packet[:header])
}

// seal appends the packet of header and body to dst.
func (t *transport) seal(dst, header, body []byte) []byte {
	t.mu.Lock()
	t.counter++
	counter := t.counter
	t.mu.Unlock()
	var nonce [chacha20poly1305.NonceSizeX]byte
	binary.BigEndian.PutUint32(nonce[:], counter)
	dst = append(dst, header...)
	dst = t.aead.Seal(dst, nonce[:t.aead.NonceSize()], body, header)
	return append(dst, nonce[:suffixBytes]...)
}
