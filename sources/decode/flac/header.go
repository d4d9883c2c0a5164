package flac

import (
	"errors"
	"fmt"
)

// maxHeader is the most bytes a frame header has.
const maxHeader = 16

var (
	errShort  = errors.New("flac: more bytes needed")
	errDamage = errors.New("flac: damaged frame")
)

// Channel assignments past the independent ones (RFC 9639 §9.1.3).
const (
	leftSide  = 8
	rightSide = 9
	midSide   = 10
)

// header is that of a frame (RFC 9639 §9.1):
//
//	sync:15 variable:1 block size:4 rate:4 channels:4 bits:3 0:1 number:8–56 [block size:8|16] [rate:8|16] CRC-8
type header struct {
	first      int64 // number of the frame's first sample
	block      int   // samples per channel
	assignment int
	channels   int
	bits       int
}

var blockRates = [...]int{1: 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}

var blockBits = [...]int{1: 8, 12, 0, 16, 20, 24, 32}

// parse reads a header that agrees with in and returns its length.
func (h *header) parse(b []byte, in info) (int, error) {
	if len(b) < 6 {
		return 0, errShort
	}
	if b[0] != 0xFF || b[1]&0xFE != 0xF8 || b[3]&1 != 0 {
		return 0, errDamage
	}
	number, n := coded(b[4:])
	if n <= 0 {
		if n < 0 {
			return 0, errShort
		}
		return 0, errDamage
	}
	n += 4
	if len(b) < n+5 {
		return 0, errShort
	}
	size, more, ok := blockSize(b[2]>>4, b[n:])
	if !ok {
		return 0, errDamage
	}
	n += more
	rate, more, ok := sampleRate(b[2]&15, b[n:], in)
	if !ok {
		return 0, errDamage
	}
	n += more
	if crc8(b[:n]) != b[n] {
		return 0, errDamage
	}
	h.block, h.assignment = size, int(b[3]>>4)
	h.channels, h.bits = h.assignment+1, in.bits
	if h.assignment >= leftSide {
		h.channels = 2
	}
	if code := b[3] >> 1 & 7; code > 0 {
		h.bits = blockBits[code]
	}
	if b[1]&1 == 0 { // blocks of one size: the number counts them
		number *= uint64(max(in.maxBlock, 1))
	}
	h.first = int64(number)
	if rate != in.rate || h.channels != in.channels || h.bits != in.bits || h.assignment > midSide ||
		number >= 1<<40 {
		return 0, fmt.Errorf("%w: unlike the stream", errDamage)
	}
	return n + 1, nil
}

// coded reads a number in extended UTF-8 (RFC 9639 §9.1.5) and returns its length:
// 0 when it is none, -1 when b is too short.
func coded(b []byte) (v uint64, n int) {
	c := b[0]
	for n = 0; n < 8 && c&(0x80>>n) != 0; n++ {
	}
	switch {
	case n == 0:
		return uint64(c), 1
	case n == 1 || n == 8:
		return 0, 0
	case len(b) < n:
		return 0, -1
	}
	v = uint64(c & (0x7F >> n))
	for _, c := range b[1:n] {
		if c&0xC0 != 0x80 {
			return 0, 0
		}
		v = v<<6 | uint64(c&0x3F)
	}
	return v, n
}

func blockSize(code byte, b []byte) (size, n int, ok bool) {
	switch {
	case code == 0:
		return 0, 0, false
	case code == 1:
		return 192, 0, true
	case code <= 5:
		return 144 << code, 0, true
	case code == 6:
		return int(b[0]) + 1, 1, true
	case code == 7:
		size = (int(b[0])<<8 | int(b[1])) + 1
		return size, 2, size < 1<<16
	}
	return 1 << code, 0, true
}

func sampleRate(code byte, b []byte, in info) (rate, n int, ok bool) {
	switch code {
	case 0:
		return in.rate, 0, true
	case 12:
		return int(b[0]) * 1000, 1, true
	case 13:
		return int(b[0])<<8 | int(b[1]), 2, true
	case 14:
		return (int(b[0])<<8 | int(b[1])) * 10, 2, true
	case 15:
		return 0, 0, false
	}
	return blockRates[code], 0, true
}

// crc8 has the polynomial x⁸+x²+x+1, crc16 x¹⁶+x¹⁵+x²+1 (RFC 9639 §9.1.8, §9.3).
func crc8(b []byte) (crc byte) {
	for _, c := range b {
		crc = crc8Table[crc^c]
	}
	return crc
}

func crc16(b []byte) (crc uint16) {
	for _, c := range b {
		crc = crc<<8 ^ crc16Table[byte(crc>>8)^c]
	}
	return crc
}

var crc8Table, crc16Table = func() (a [256]byte, b [256]uint16) {
	for i := range 256 {
		x, y := byte(i), uint16(i)<<8
		for range 8 {
			x = x<<1 ^ x>>7*0x07
			y = y<<1 ^ y>>15*0x8005
		}
		a[i], b[i] = x, y
	}
	return a, b
}()
