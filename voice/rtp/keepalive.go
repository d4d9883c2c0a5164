package rtp

import "encoding/binary"

// KeepaliveBytes is the length of a keepalive and of its reply: a magic number and
// a counter, both big endian. The first two bits are not RTP's version.
const KeepaliveBytes = 8

const (
	keepaliveMagic = 0x1337CAFE
	replyMagic     = 0x1337F00D
)

// AppendKeepalive appends the datagram that keeps a NAT mapping alive while no
// audio flows.
func AppendKeepalive(dst []byte, n uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, keepaliveMagic)
	return binary.BigEndian.AppendUint32(dst, n)
}

// AppendKeepaliveReply appends the server's answer to keepalive n.
func AppendKeepaliveReply(dst []byte, n uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, replyMagic)
	return binary.BigEndian.AppendUint32(dst, n)
}

// ParseKeepalive returns the counter of a keepalive and whether b is one.
func ParseKeepalive(b []byte) (n uint32, ok bool) { return parseMagic(b, keepaliveMagic) }

// ParseKeepaliveReply returns the counter of a reply and whether b is one.
func ParseKeepaliveReply(b []byte) (n uint32, ok bool) { return parseMagic(b, replyMagic) }

func parseMagic(b []byte, magic uint32) (uint32, bool) {
	if len(b) != KeepaliveBytes || binary.BigEndian.Uint32(b) != magic {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[4:]), true
}
