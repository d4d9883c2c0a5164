package mls

import (
	"bytes"
	"encoding/binary"
)

// MaxMessageSize is the longest input that is parsed, in bytes.
const MaxMessageSize = 1 << 20

// maxElements bounds every list, as elements can take 40 times more memory than they do
// on the wire. No tree has more nodes, and no commit more proposals.
const maxElements = 2 * maxLeaves

// decoder reads structs of the TLS presentation language (§2.1). After its first error
// it stays failed and reads zeros. What it reads shares no memory with the input, so
// that a small struct never keeps the large message it came in.
type decoder struct {
	rest []byte
	err  error
}

// parse reads one T from b, and nothing after it.
func parse[T any](b []byte, read func(*decoder) T) (T, error) {
	v, rest, err := parsePrefix(b, read)
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// parsePrefix reads one T from b and returns what follows it.
func parsePrefix[T any](b []byte, read func(*decoder) T) (v T, rest []byte, err error) {
	if len(b) > MaxMessageSize {
		return v, nil, errTooLong
	}
	d := &decoder{rest: b}
	v = read(d)
	if d.err != nil {
		var zero T
		return zero, nil, d.err
	}
	return v, d.rest, nil
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err, d.rest = err, nil
	}
}

// bytes reads n bytes, as a part of the input, or nil when there are fewer.
func (d *decoder) bytes(n int) []byte {
	if len(d.rest) < n {
		d.fail(errTruncated)
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uint8() uint8 {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// vector reads opaque<V>.
func (d *decoder) vector() []byte { return bytes.Clone(d.content()) }

// content reads opaque<V>, as a part of the input.
func (d *decoder) content() []byte {
	if d.err != nil {
		return nil
	}
	content, rest, err := ReadVector(d.rest)
	if err != nil {
		d.fail(err)
		return nil
	}
	d.rest = rest
	return content
}

// optional reads the first byte of optional<T>: whether a T follows (§2.1.1).
func (d *decoder) optional() bool {
	switch d.uint8() {
	case 0:
		return false
	case 1:
		return true
	default:
		d.fail(errOptional)
		return false
	}
}

// readList reads T<V>.
func readList[T any](d *decoder, read func(*decoder) T) []T {
	elements := &decoder{rest: d.content()}
	var list []T
	for len(elements.rest) > 0 {
		if len(list) == maxElements {
			elements.fail(errTooMany)
			break
		}
		list = append(list, read(elements))
	}
	if elements.err != nil {
		d.fail(elements.err)
		return nil
	}
	return list
}

// appendOptional appends the first byte of optional<T>.
func appendOptional(dst []byte, present bool) []byte {
	if present {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// appendList appends T<V>.
func appendList[T any](dst []byte, list []T, add func(dst []byte, v T) []byte) []byte {
	var elements []byte
	for _, v := range list {
		elements = add(elements, v)
	}
	return AppendVector(dst, elements)
}

func appendUint16(dst []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(dst, v) }
func appendUint32(dst []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(dst, v) }
func appendUint64(dst []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(dst, v) }
