package ogg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const tagsMagic = "OpusTags"

// Tags is the comment header of a stream (RFC 7845 §5.2): the comments of Vorbis.
type Tags struct {
	Vendor   string   // the library that encoded
	Comments []string // "NAME=value" in file order; a name may come twice
}

// Get returns the first value of a name, whose case does not matter, or "".
func (t Tags) Get(name string) string {
	for _, c := range t.Comments {
		if n, v, ok := strings.Cut(c, "="); ok && strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}

// All returns every value of a name, whose case does not matter.
func (t Tags) All(name string) (values []string) {
	for _, c := range t.Comments {
		if n, v, ok := strings.Cut(c, "="); ok && strings.EqualFold(n, name) {
			values = append(values, v)
		}
	}
	return values
}

// brief returns a copy without what is long, such as pictures: a chain of streams
// may have more of them than memory can hold.
func (t Tags) brief() (b Tags) {
	const most, longest = 32, 512
	for _, c := range t.Comments {
		if len(b.Comments) < most && len(c) <= longest {
			b.Comments = append(b.Comments, strings.Clone(c))
		}
	}
	return b
}

// ParseTags reads the packet of a comment header. When it is damaged or cut off
// it returns what came before the damage with the error.
func ParseTags(b []byte) (Tags, error) {
	if !strings.HasPrefix(string(b[:min(8, len(b))]), tagsMagic) {
		return Tags{}, corrupt(errors.New("not an OpusTags"))
	}
	return ParseComments(b[8:])
}

// ParseComments reads the comments themselves, which Vorbis and FLAC share, as
// ParseTags does.
func ParseComments(b []byte) (t Tags, err error) {
	if t.Vendor, b, err = cutString(b); err != nil {
		return t, err
	}
	if len(b) < 4 {
		return t, corrupt(errors.New("comments cut off"))
	}
	n := binary.LittleEndian.Uint32(b)
	b = b[4:]
	for range n { // n is a claim: every round needs bytes or fails
		var c string
		if c, b, err = cutString(b); err != nil {
			return t, err
		}
		t.Comments = append(t.Comments, c)
	}
	return t, nil
}

// Append appends the header as bytes to dst.
func (t Tags) Append(dst []byte) []byte {
	dst = append(dst, tagsMagic...)
	dst = appendString(dst, t.Vendor)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(t.Comments)))
	for _, c := range t.Comments {
		dst = appendString(dst, c)
	}
	return dst
}

func cutString(b []byte) (string, []byte, error) {
	if len(b) < 4 {
		return "", nil, corrupt(errors.New("comments cut off"))
	}
	n := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if uint64(n) > uint64(len(b)) {
		return "", nil, corrupt(fmt.Errorf("comment of %d bytes in %d", n, len(b)))
	}
	return strings.ToValidUTF8(string(b[:n]), "\uFFFD"), b[n:], nil
}

func appendString(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}
