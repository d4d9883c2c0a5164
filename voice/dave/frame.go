package dave

import (
	"bytes"
	"encoding/binary"
	"math"
)

// A sealed frame of Opus, which has no unencrypted ranges:
//
//	0            n         n+8
//	ciphertext | tag (8) | nonce (ULEB128, 1 to 5) | size (1) | FA FA
//
// Size counts everything from the tag on. The nonce is the low 32 bits of GCM's.
const (
	tagBytes      = 8
	maxNonceBytes = 5 // 32 bits in groups of 7
	trailerBytes  = 3 // size and marker
	markerByte    = 0xFA

	// minSupplement is what a frame has at least after its ciphertext.
	minSupplement = tagBytes + trailerBytes

	gcmNonceBytes = 12
	gcmTagBytes   = 16
)

// Overhead is the most that sealing adds to a frame, and also the room it needs
// beyond the frame.
const Overhead = tagBytes + maxNonceBytes + trailerBytes

// silence is the Opus frame that may travel in the clear at any time: servers make
// it too.
var silence = []byte{0xF8, 0xFF, 0xFE}

func isSilence(frame []byte) bool { return bytes.Equal(frame, silence) }

// sealedFrame is a frame taken apart. The slices share its memory.
type sealedFrame struct {
	ciphertext []byte
	tag        []byte
	nonce      uint32
	ranges     bool // parts of it are unencrypted, as of video
}

// generation is that of the key the frame is sealed with, modulo 256.
func (f *sealedFrame) generation() uint32 { return f.nonce >> generationShift }

// parseFrame takes a frame apart; false means that it is not a DAVE frame.
func parseFrame(b []byte) (sealedFrame, bool) {
	if len(b) < minSupplement || b[len(b)-1] != markerByte || b[len(b)-2] != markerByte {
		return sealedFrame{}, false
	}
	size := int(b[len(b)-trailerBytes])
	if size < minSupplement || size > len(b) {
		return sealedFrame{}, false
	}
	body, supplement := b[:len(b)-size], b[len(b)-size:len(b)-trailerBytes]
	nonce, rest, ok := readULEB(supplement[tagBytes:])
	if !ok || !validRanges(rest, len(body)) {
		return sealedFrame{}, false
	}
	return sealedFrame{body, supplement[:tagBytes], nonce, len(rest) > 0}, true
}

// validRanges checks pairs of offset and size: ascending, apart from each other and
// within the frame.
func validRanges(b []byte, frame int) bool {
	var offset, size uint32
	var end uint64
	var ok bool
	for len(b) > 0 {
		if offset, b, ok = readULEB(b); !ok {
			return false
		}
		if size, b, ok = readULEB(b); !ok {
			return false
		}
		if uint64(offset) < end {
			return false
		}
		if end = uint64(offset) + uint64(size); end > uint64(frame) {
			return false
		}
	}
	return true
}

// appendTrailer completes a frame whose ciphertext and tag are in place.
func appendTrailer(dst []byte, nonce uint32) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(dst, uint64(nonce)) // which is ULEB128
	size := tagBytes + len(dst) - start + trailerBytes
	return append(dst, byte(size), markerByte, markerByte)
}

// readULEB reads an unsigned LEB128 number of at most 32 bits and 5 bytes.
func readULEB(b []byte) (n uint32, rest []byte, ok bool) {
	v, used := binary.Uvarint(b)
	if used <= 0 || used > maxNonceBytes || v > math.MaxUint32 {
		return 0, nil, false
	}
	return uint32(v), b[used:], true
}

// putNonce writes GCM's nonce: zeros and the frame's nonce in little endian.
func putNonce(dst *[gcmNonceBytes]byte, nonce uint32) {
	binary.LittleEndian.PutUint32(dst[gcmNonceBytes-4:], nonce)
}
