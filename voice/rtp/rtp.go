// Package rtp is the wire format of Discord's voice packets: the RTP header, the
// two "rtpsize" transport encryptions, IP discovery and the UDP keepalive.
//
// It turns bytes into bytes: it opens no socket, keeps no time and knows no Opus.
// Sealing and opening allocate nothing once the caller's buffer is large enough.
package rtp

import (
	"encoding/binary"
	"errors"
)

const (
	// HeaderBytes is the length of an RTP header without CSRCs (RFC 3550 §5.1).
	HeaderBytes = 12
	// PayloadType is the one Discord gives Opus.
	PayloadType = 120
	// TagBytes is the length of the authentication tag in both modes.
	TagBytes = 16
	// SuffixBytes is the length of the nonce that travels at a packet's end.
	SuffixBytes = 4
	// Overhead is what sealing adds to a media frame.
	Overhead = HeaderBytes + TagBytes + SuffixBytes

	version2     = 0x80 // first byte of a plain header: version 2, nothing else
	versionMask  = 0xC0
	paddingBit   = 0x20
	extensionBit = 0x10
	csrcMask     = 0x0F
	typeMask     = 0x7F
)

// Errors of packets that are not ours to open.
var (
	ErrNotRTP  = errors.New("not an RTP packet of Discord's audio")
	ErrCorrupt = errors.New("the packet contradicts itself")
)

// Header is what differs from packet to packet in the 12 bytes of RTP:
//
//	0      1      2         4           8
//	0x80 | 0x78 | sequence | timestamp | SSRC       all big endian
type Header struct {
	Sequence  uint16 // +1 per packet, wraps
	Timestamp uint32 // +960 per 20 ms frame (48 kHz clock), wraps
	SSRC      uint32 // from the voice gateway's Ready
}

// Append appends the 12 bytes of h to dst.
func (h Header) Append(dst []byte) []byte {
	dst = append(dst, version2, PayloadType)
	dst = binary.BigEndian.AppendUint16(dst, h.Sequence)
	dst = binary.BigEndian.AppendUint32(dst, h.Timestamp)
	return binary.BigEndian.AppendUint32(dst, h.SSRC)
}

// Parse reads the header of an audio packet, with or without CSRCs and extension.
// It returns ErrNotRTP for RTCP, keepalives, discovery and everything else.
func Parse(packet []byte) (Header, error) {
	if len(packet) < HeaderBytes ||
		packet[0]&versionMask != version2 || packet[1]&typeMask != PayloadType {
		return Header{}, ErrNotRTP
	}
	return Header{
		Sequence:  binary.BigEndian.Uint16(packet[2:]),
		Timestamp: binary.BigEndian.Uint32(packet[4:]),
		SSRC:      binary.BigEndian.Uint32(packet[8:]),
	}, nil
}

// Suffix returns the nonce at the end of a sealed packet, as the big endian number
// our Sealer writes. Other senders may count in another order; the value is unique
// per key all the same.
func Suffix(packet []byte) (uint32, bool) {
	if len(packet) < Overhead {
		return 0, false
	}
	return binary.BigEndian.Uint32(packet[len(packet)-SuffixBytes:]), true
}
