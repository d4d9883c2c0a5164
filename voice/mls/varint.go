package mls

import (
	"errors"
	"fmt"
)

// Variable-size vectors begin with their length in bytes as a varint (§2.1.2). The
// first two bits tell how long the varint itself is:
//
//	00xxxxxx                             < 2^6
//	01xxxxxx xxxxxxxx                    < 2^14
//	10xxxxxx xxxxxxxx xxxxxxxx xxxxxxxx  < 2^30
//
// 11 is invalid, and so is a longer form than needed.
const (
	maxVarint1 = 1<<6 - 1
	maxVarint2 = 1<<14 - 1
	maxVarint4 = 1<<30 - 1
)

var (
	errTruncated  = errors.New("input ends too early")
	errTrailing   = errors.New("bytes after the end")
	errVarint     = errors.New("invalid length")
	errNotMinimal = errors.New("length not in its shortest form")
	errOptional   = errors.New("neither absent nor present")
	errTooLong    = fmt.Errorf("input longer than %d bytes", MaxMessageSize)
	errTooMany    = fmt.Errorf("list of more than %d elements", maxElements)
)

// appendVarint appends n, which is below 2^30, in its shortest form.
func appendVarint(dst []byte, n int) []byte {
	switch {
	case n <= maxVarint1:
		return append(dst, byte(n))
	case n <= maxVarint2:
		return append(dst, 0x40|byte(n>>8), byte(n))
	default:
		return append(dst, 0x80|byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
}

// readVarint splits a varint off b.
func readVarint(b []byte) (n int, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, errTruncated
	}
	if b[0]>>6 == 3 {
		return 0, nil, errVarint
	}
	size := 1 << (b[0] >> 6)
	if len(b) < size {
		return 0, nil, errTruncated
	}
	n = int(b[0] & 0x3f)
	for _, c := range b[1:size] {
		n = n<<8 | int(c)
	}
	if (size == 2 && n <= maxVarint1) || (size == 4 && n <= maxVarint2) {
		return 0, nil, errNotMinimal
	}
	return n, b[size:], nil
}

// ReadVector splits a variable-size vector (§2.1.2) off b: its content, and the rest.
// Both are parts of b.
func ReadVector(b []byte) (content, rest []byte, err error) {
	n, rest, err := readVarint(b)
	if err != nil {
		return nil, nil, err
	}
	if n > len(rest) {
		return nil, nil, errTruncated
	}
	return rest[:n:n], rest[n:], nil
}

// AppendVector appends content as a variable-size vector (§2.1.2). Content is shorter
// than 2^30 bytes.
func AppendVector(dst, content []byte) []byte {
	return append(appendVarint(dst, len(content)), content...)
}
