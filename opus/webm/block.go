package webm

import (
	"encoding/binary"
)

// block is the content of a Block or SimpleBlock (RFC 9559 §10.1).
//
//	+-------+-----------+-------+----------------------------+
//	| track | timestamp | flags | frames, laced as flags say |
//	+-------+-----------+-------+----------------------------+
//	 vint    int16 ticks since the cluster's own
type block struct {
	track     uint64
	timestamp int16
	lacing    byte // 0 none, 1 Xiph, 2 fixed size, 3 EBML
	content   []byte
}

func parseBlock(b []byte) (block, bool) {
	track, n := cutVint(b)
	if n == 0 || track < 0 || len(b) < n+3 {
		return block{}, false
	}
	return block{
		track:     uint64(track),
		timestamp: int16(binary.BigEndian.Uint16(b[n:])),
		lacing:    b[n+2] >> 1 & 3,
		content:   b[n+3:],
	}, true
}

// frames appends the frames in the block to dst, as parts of its content. It
// returns nothing more when their sizes do not fit.
func (b block) frames(dst [][]byte) [][]byte {
	if b.lacing == 0 {
		return append(dst, b.content)
	}
	if len(b.content) == 0 {
		return dst
	}
	n := int(b.content[0]) + 1
	sizes, rest := [256]int{}, b.content[1:]
	ok := false
	switch b.lacing {
	case 1:
		rest, ok = xiphSizes(sizes[:n-1], rest)
	case 2:
		ok = len(rest)%n == 0
		for i := range n {
			sizes[i] = len(rest) / n
		}
	case 3:
		rest, ok = ebmlSizes(sizes[:n-1], rest)
	}
	if !ok {
		return dst
	}
	for _, size := range sizes[:n-1] {
		if size > len(rest) {
			return dst
		}
		dst, rest = append(dst, rest[:size]), rest[size:]
	}
	return append(dst, rest)
}

// xiphSizes reads sizes written as sums of bytes, of which all but the last are 255.
func xiphSizes(sizes []int, b []byte) (rest []byte, ok bool) {
	for i := range sizes {
		for more := true; more; b = b[1:] {
			if len(b) == 0 {
				return nil, false
			}
			sizes[i] += int(b[0])
			more = b[0] == 255
		}
	}
	return b, true
}

// ebmlSizes reads one size and the differences that follow, whose range is
// centred on zero (RFC 9559 §10.3.3).
func ebmlSizes(sizes []int, b []byte) (rest []byte, ok bool) {
	size := int64(0)
	for i := range sizes {
		v, n := cutVint(b)
		if n == 0 || v < 0 {
			return nil, false
		}
		if i > 0 {
			v += size - (1<<(7*n-1) - 1)
		}
		if v < 0 || v > int64(len(b)) {
			return nil, false
		}
		size, sizes[i], b = v, int(v), b[n:]
	}
	return b, true
}
