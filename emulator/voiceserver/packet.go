package voiceserver

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// payloadOpus is the RTP payload type of Discord's Opus.
const payloadOpus = 0x78

// IP discovery (reference 3.1), request and response alike:
//
//	type u16 | length u16 = 70 | ssrc u32 | address, NUL-terminated (64) | port u16
const (
	discoveryBytes    = 74
	discoveryRequest  = 1
	discoveryResponse = 2
)

// parseDiscovery returns the SSRC of an IP discovery request.
func parseDiscovery(b []byte) (ssrc uint32, ok bool) {
	be := binary.BigEndian
	if len(b) != discoveryBytes || be.Uint16(b) != discoveryRequest || be.Uint16(b[2:]) != discoveryBytes-4 {
		return 0, false
	}
	return be.Uint32(b[4:]), true
}

// discovered returns the answer to an IP discovery from addr.
func discovered(ssrc uint32, addr netip.AddrPort) []byte {
	be := binary.BigEndian
	b := make([]byte, discoveryBytes)
	be.PutUint16(b, discoveryResponse)
	be.PutUint16(b[2:], discoveryBytes-4)
	be.PutUint32(b[4:], ssrc)
	copy(b[8:72], addr.Addr().String())
	be.PutUint16(b[72:], addr.Port())
	return b
}

// Keepalives (reference 3.2): 13 37 CA FE | u32, answered 13 37 F0 0D | the same.
var (
	keepalivePing = []byte{0x13, 0x37, 0xCA, 0xFE}
	keepalivePong = []byte{0x13, 0x37, 0xF0, 0x0D}
)

// keepalive returns the answer to a keepalive.
func keepalive(b []byte) (answer []byte, ok bool) {
	if len(b) != 8 || !bytes.HasPrefix(b, keepalivePing) {
		return nil, false
	}
	return append(bytes.Clone(keepalivePong), b[4:]...), true
}

// header is what the server reads of an RTP header (RFC 3550 §5.1):
//
//	V=2 P X CC | M PT | sequence u16 | timestamp u32 | ssrc u32 | CSRC… | profile u16, words u16 if X
type header struct {
	size        int // bytes in the clear: CSRCs and the head of an extension included
	padded      bool
	extension   int // bytes of extension at the front of the body
	payloadType byte
	sequence    uint16
	timestamp   uint32
	ssrc        uint32
}

// parseHeader reads an RTP header and leaves RTCP to others.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 || b[1] >= 200 && b[1] <= 207 {
		return header{}, false
	}
	be := binary.BigEndian
	h = header{
		size:        12 + 4*int(b[0]&0x0F),
		padded:      b[0]&0x20 != 0,
		payloadType: b[1] & 0x7F,
		sequence:    be.Uint16(b[2:]),
		timestamp:   be.Uint32(b[4:]),
		ssrc:        be.Uint32(b[8:]),
	}
	if b[0]&0x10 != 0 {
		if len(b) < h.size+4 {
			return header{}, false
		}
		h.extension = 4 * int(be.Uint16(b[h.size+2:]))
		h.size += 4
	}
	return h, len(b) >= h.size
}

// media cuts padding and extension off a decrypted body.
func (h header) media(body []byte) (payload []byte, ok bool) {
	if h.padded {
		if len(body) == 0 {
			return nil, false
		}
		n := int(body[len(body)-1])
		if n == 0 || n > len(body) {
			return nil, false
		}
		body = body[:len(body)-n]
	}
	if h.extension > len(body) {
		return nil, false
	}
	return body[h.extension:], true
}
