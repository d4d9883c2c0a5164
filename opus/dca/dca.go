// Package dca reads and writes DCA0 and DCA1, the files of bare Opus packets that
// Discord bots keep.
//
// It knows Opus only by its table of contents: packets are neither decoded nor
// encoded. Positions are samples per channel at 48 kHz. Nothing here starts a
// goroutine, and every size a file claims is bounded before memory is spent on it.
//
//	DCA0:  (length int16 LE, packet)*
//	DCA1:  "DCA1", N int32 LE, N bytes of JSON, then as DCA0
//
// A length of "DC" would be 17220, which no packet has: the two cannot be confused.
package dca

import (
	"busker/internal/fault"
)

const (
	magic = "DCA1"
	// headBytes lie before the JSON.
	headBytes = len(magic) + 4
	// minMetadataBytes is an empty object.
	minMetadataBytes = 2
	// maxMetadataBytes of JSON are read: cover pictures are in there.
	maxMetadataBytes = 16 << 20
	// lengthBytes lie before each packet.
	lengthBytes = 2
	// MaxPacketBytes is the longest packet of a file: three frames of 1275 bytes, which
	// is 60 ms, and what code 3 puts around them (RFC 6716 §3.2.5).
	MaxPacketBytes = 1275*3 + 7
)

func corrupt(err error) error {
	return fault.Wrap(fault.Corrupt, "The DCA file is damaged.", err)
}
