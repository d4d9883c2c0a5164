package rtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// DiscoveryBytes is the length of an IP discovery datagram, either way:
//
//	0             2             4      8                        72
//	type u16 BE | 70 u16 BE   | SSRC | address, NUL terminated | port u16 BE
const DiscoveryBytes = 74

const (
	discoveryRequest  = 1
	discoveryResponse = 2
	discoveryLength   = 70 // what follows the length field
	discoveryAddress  = 64 // room of the address
)

// AppendDiscovery appends the request for our own external address.
func AppendDiscovery(dst []byte, ssrc uint32) []byte {
	return appendDiscovery(dst, discoveryRequest, ssrc, "", 0)
}

// AppendDiscoveryResponse appends a server's answer: from is where the request came from.
func AppendDiscoveryResponse(dst []byte, ssrc uint32, from netip.AddrPort) []byte {
	return appendDiscovery(dst, discoveryResponse, ssrc, from.Addr().Unmap().String(), from.Port())
}

func appendDiscovery(dst []byte, kind uint16, ssrc uint32, address string, port uint16) []byte {
	dst = binary.BigEndian.AppendUint16(dst, kind)
	dst = binary.BigEndian.AppendUint16(dst, discoveryLength)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	var room [discoveryAddress]byte
	copy(room[:discoveryAddress-1], address)
	dst = append(dst, room[:]...)
	return binary.BigEndian.AppendUint16(dst, port)
}

// ParseDiscovery reads a request and reports whether b is one.
func ParseDiscovery(b []byte) (ssrc uint32, ok bool) {
	if !isDiscovery(b, discoveryRequest) {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[4:]), true
}

// ParseDiscoveryResponse reads the answer to a request with our SSRC.
func ParseDiscoveryResponse(b []byte, ssrc uint32) (netip.AddrPort, error) {
	if !isDiscovery(b, discoveryResponse) {
		return netip.AddrPort{}, fmt.Errorf("datagram of %d bytes is no discovery response", len(b))
	}
	if got := binary.BigEndian.Uint32(b[4:]); got != ssrc {
		return netip.AddrPort{}, fmt.Errorf("discovery response for SSRC %d, ours is %d", got, ssrc)
	}
	text, _, _ := bytes.Cut(b[8:8+discoveryAddress], []byte{0})
	address, err := netip.ParseAddr(string(text))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("discovery response: %w", err)
	}
	return netip.AddrPortFrom(address, binary.BigEndian.Uint16(b[8+discoveryAddress:])), nil
}

func isDiscovery(b []byte, kind uint16) bool {
	return len(b) == DiscoveryBytes && binary.BigEndian.Uint16(b) == kind &&
		binary.BigEndian.Uint16(b[2:]) == discoveryLength
}
