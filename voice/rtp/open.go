package rtp

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// preambleBytes is the clear part of a header extension: profile and length.
const preambleBytes = 4

// Opener decrypts the packets of one secret key, whoever sealed them. One goroutine
// at a time uses it.
type Opener struct {
	aead  cipher.AEAD
	nonce [maxNonceBytes]byte
}

// NewOpener returns an Opener for a key of a Session Description (voice op 4).
func NewOpener(mode Mode, key []byte) (*Opener, error) {
	aead, err := newAEAD(mode, key)
	if err != nil {
		return nil, err
	}
	return &Opener{aead: aead}, nil
}

// Open verifies and decrypts packet. The media frame it returns (a DAVE frame, plain
// Opus or a silence frame) is without RTP padding and header extension, and uses the
// memory behind dst where there is room, as append would. packet stays as it was.
func (o *Opener) Open(dst, packet []byte) (Header, []byte, error) {
	h, err := Parse(packet)
	if err != nil {
		return h, nil, err
	}
	clear, extension, err := layout(packet)
	if err != nil {
		return h, nil, err
	}
	end := len(packet) - SuffixBytes
	copy(o.nonce[:SuffixBytes], packet[end:])
	opened, err := o.aead.Open(dst, o.nonce[:o.aead.NonceSize()], packet[clear:end], packet[:clear])
	if err != nil {
		return h, nil, fmt.Errorf("open packet %d: %w", h.Sequence, err)
	}
	media, err := trim(opened[len(dst):], packet[0]&paddingBit != 0, extension)
	return h, media, err
}

// layout returns how many leading bytes of a packet are clear, and how many bytes
// of extension elements lead the encrypted part.
func layout(packet []byte) (clear, extension int, err error) {
	clear = HeaderBytes + 4*int(packet[0]&csrcMask)
	if packet[0]&extensionBit != 0 {
		if len(packet) < clear+preambleBytes {
			return 0, 0, ErrCorrupt
		}
		extension = 4 * int(binary.BigEndian.Uint16(packet[clear+2:]))
		clear += preambleBytes
	}
	if len(packet) < clear+TagBytes+SuffixBytes {
		return 0, 0, ErrCorrupt
	}
	return clear, extension, nil
}

// trim cuts the padding, whose last byte is its length (RFC 3550 §5.1), and the
// extension elements.
func trim(plain []byte, padded bool, extension int) ([]byte, error) {
	if padded {
		if len(plain) == 0 {
			return nil, ErrCorrupt
		}
		n := int(plain[len(plain)-1])
		if n == 0 || n > len(plain) {
			return nil, ErrCorrupt
		}
		plain = plain[:len(plain)-n]
	}
	if extension > len(plain) {
		return nil, ErrCorrupt
	}
	return plain[extension:], nil
}
