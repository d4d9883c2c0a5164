package repack

import (
	"errors"
	"fmt"
	"slices"

	"busker/opus/toc"
)

const (
	// codeMask are the bits of the first byte that say how many frames there are.
	codeMask = 3
	// maxFrameBytes bounds one frame (RFC 6716 §3.4, R2).
	maxFrameBytes = 1275
	// oneByte is the most a length of one byte says (RFC 6716 §3.2.1).
	oneByte = 251

	variable = 0x80 // of code 3's second byte: frames differ in length
	padded   = 0x40
)

var errEmpty = errors.New("empty packet")

// parse appends the frames of a packet (RFC 6716 §3.2).
//
//	code 0:  toc, frame
//	code 1:  toc, two frames of one length
//	code 2:  toc, length of the first, two frames
//	code 3:  toc, v|p|count, [padding], [count-1 lengths], frames, padding bytes
func (r *Repacker) parse(packet []byte) error {
	if _, err := toc.Duration(packet); err != nil { // at most 120 ms, at least one frame
		return corrupt(err)
	}
	body := packet[1:]
	switch packet[0] & codeMask {
	case 0:
		return r.equal(body, 1)
	case 1:
		return r.equal(body, 2)
	case 2:
		return r.varying(body, 2)
	}
	flags := body[0]
	body = body[1:]
	if flags&padded != 0 {
		var err error
		if body, err = unpad(body); err != nil {
			return err
		}
	}
	count := int(flags & 0x3F)
	if flags&variable == 0 {
		return r.equal(body, count)
	}
	return r.varying(body, count)
}

// unpad returns body without its padding.
func unpad(body []byte) ([]byte, error) {
	for padding := 0; len(body) > 0; {
		n := int(body[0])
		body = body[1:]
		if n == 255 {
			padding += 254
			continue
		}
		if padding += n; padding > len(body) {
			break
		}
		return body[:len(body)-padding], nil
	}
	return nil, corrupt(errors.New("padding longer than its packet"))
}

// equal appends count frames of one length.
func (r *Repacker) equal(body []byte, count int) error {
	if len(body)%count != 0 || len(body)/count > maxFrameBytes {
		return corrupt(fmt.Errorf("%d bytes are not %d frames", len(body), count))
	}
	for range count {
		r.sizes = append(r.sizes, len(body)/count)
	}
	r.data = append(r.data, body...)
	return nil
}

// varying appends count frames, behind the lengths of all but the last.
func (r *Repacker) varying(body []byte, count int) error {
	total := 0
	for range count - 1 {
		n, used := frameLength(body)
		if used == 0 {
			return corrupt(errors.New("frame without its length"))
		}
		body = body[used:]
		r.sizes = append(r.sizes, n)
		total += n
	}
	last := len(body) - total
	if last < 0 || last > maxFrameBytes {
		return corrupt(fmt.Errorf("last of %d frames has %d bytes", count, last))
	}
	r.sizes = append(r.sizes, last)
	r.data = append(r.data, body...)
	return nil
}

// frameLength reads a length of one or two bytes, at most 1275; used is 0 when it is cut off.
func frameLength(b []byte) (n, used int) {
	switch {
	case len(b) > 0 && b[0] <= oneByte:
		return int(b[0]), 1
	case len(b) > 1:
		return int(b[0]) + 4*int(b[1]), 2
	}
	return 0, 0
}

// packetBytes is the length of a packet of these frames.
func packetBytes(sizes []int) int {
	n := 1 + sum(sizes)
	if len(sizes) > 2 {
		n++
	}
	if !same(sizes) {
		for _, s := range sizes[:len(sizes)-1] {
			n += lengthBytes(s)
		}
	}
	return n
}

func lengthBytes(n int) int {
	if n <= oneByte {
		return 1
	}
	return 2
}

func same(sizes []int) bool {
	return !slices.ContainsFunc(sizes, func(n int) bool { return n != sizes[0] })
}

// appendPacket appends the shortest packet that holds the frames.
func appendPacket(p []byte, first byte, sizes []int, frames []byte) []byte {
	count, cbr := len(sizes), same(sizes)
	switch {
	case count == 1:
		p = append(p, first)
	case count == 2 && cbr:
		p = append(p, first|1)
	case count == 2:
		p = append(p, first|2)
	case cbr:
		p = append(p, first|3, byte(count))
	default:
		p = append(p, first|3, byte(count)|variable)
	}
	if !cbr {
		for _, n := range sizes[:count-1] {
			p = appendLength(p, n)
		}
	}
	return append(p, frames...)
}

// appendLength is RFC 6716 §3.2.1: above 251, n = first + 4 × second with first 252..255.
func appendLength(p []byte, n int) []byte {
	if n <= oneByte {
		return append(p, byte(n))
	}
	low := oneByte + 1 + n&3
	return append(p, byte(low), byte((n-low)/4))
}
