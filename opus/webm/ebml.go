package webm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math"
	"math/bits"
	"strings"
)

// unknown is the size of an element that ends where its parent or a sibling says
// (RFC 8794 §6.2): how live streams write what they can not know yet.
const unknown = -1

// source reads elements one after the other.
//
//	+----+------+---------+  id: 1–4 bytes, the zeros in front of the first one
//	| id | size | content |  bit tell how many more follow; size: 1–8 bytes,
//	+----+------+---------+  likewise, that first one bit not counting
type source struct {
	src io.Reader
	buf *bufio.Reader
	pos int64 // of buf's next byte in the input
}

func newSource(r io.Reader) *source { return &source{src: r, buf: bufio.NewReaderSize(r, 16<<10)} }

// element reads the id and size of the next element.
func (s *source) element() (id uint32, size int64, err error) {
	b, err := s.peek(1)
	if err != nil {
		return 0, 0, err
	}
	n := bits.LeadingZeros8(b[0]) + 1
	if n > 4 {
		return 0, 0, corrupt("element id begins with %#x at %d", b[0], s.pos)
	}
	if b, err = s.peek(n); err != nil {
		return 0, 0, err
	}
	for _, v := range b {
		id = id<<8 | uint32(v)
	}
	s.discard(n)
	size, err = s.size()
	return id, size, err
}

func (s *source) size() (int64, error) {
	b, err := s.peek(1)
	if err != nil {
		return 0, err
	}
	if b[0] == 0 {
		return 0, corrupt("element size begins with 0 at %d", s.pos)
	}
	n := bits.LeadingZeros8(b[0]) + 1
	if b, err = s.peek(n); err != nil {
		return 0, err
	}
	v, _ := cutVint(b)
	s.discard(n)
	return v, nil
}

// read returns the next n bytes, which are the caller's.
func (s *source) read(n int64, dst []byte) ([]byte, error) {
	for n > 0 { // in steps: n is a claim
		step := min(n, 64<<10)
		at := len(dst)
		dst = append(dst, make([]byte, step)...)
		m, err := io.ReadFull(s.buf, dst[at:])
		s.pos += int64(m)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		if err != nil {
			return nil, err
		}
		n -= step
	}
	return dst, nil
}

// skip moves n bytes ahead, without reading them if the input can seek.
func (s *source) skip(n int64) error {
	if n > int64(s.buf.Buffered()) {
		if rs, ok := s.src.(io.ReadSeeker); ok {
			return s.seek(rs, s.pos+n)
		}
	}
	for n > 0 {
		m, err := s.buf.Discard(int(min(n, 1<<30)))
		s.pos += int64(m)
		if err != nil {
			return err
		}
		n -= int64(m)
	}
	return nil
}

// seek goes on at offset pos of the input.
func (s *source) seek(rs io.ReadSeeker, pos int64) error {
	if pos < 0 {
		return corrupt("position %d", pos)
	}
	if _, err := rs.Seek(pos, io.SeekStart); err != nil {
		return err
	}
	s.buf.Reset(rs)
	s.pos = pos
	return nil
}

// peek returns the next n bytes without moving on; an input that ends before is
// at its end.
func (s *source) peek(n int) ([]byte, error) { return s.buf.Peek(n) }

func (s *source) discard(n int) {
	n, _ = s.buf.Discard(n)
	s.pos += int64(n)
}

// cutVint returns the variable-length number at the front of b and its length, 0
// when b holds none. All ones are unknown.
func cutVint(b []byte) (v int64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	n = bits.LeadingZeros8(b[0]) + 1
	if n > len(b) {
		return 0, 0
	}
	v = int64(b[0]) & (0x7F >> (n - 1))
	for _, c := range b[1:n] {
		v = v<<8 | int64(c)
	}
	if v == 1<<(7*n)-1 {
		return unknown, n
	}
	return v, n
}

// children walks the elements in a master element's content, as far as it is
// well formed.
func children(b []byte) iter.Seq2[uint32, []byte] {
	return func(yield func(uint32, []byte) bool) {
		for len(b) > 0 {
			n := bits.LeadingZeros8(b[0]) + 1
			if n > 4 || n > len(b) {
				return
			}
			id := uint32(0)
			for _, v := range b[:n] {
				id = id<<8 | uint32(v)
			}
			size, m := cutVint(b[n:])
			b = b[n+m:]
			if m == 0 || size < 0 || size > int64(len(b)) {
				return
			}
			if !yield(id, b[:size]) {
				return
			}
			b = b[size:]
		}
	}
}

// The types of content (RFC 8794 §7). Content of a false length is 0.

func uintOf(b []byte) (v uint64) {
	if len(b) > 8 {
		return 0
	}
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

func intOf(b []byte) int64 {
	if len(b) == 0 || len(b) > 8 {
		return 0
	}
	shift := 64 - 8*len(b)
	return int64(uintOf(b)<<shift) >> shift
}

func floatOf(b []byte) float64 {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

func stringOf(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return strings.ToValidUTF8(s, "\uFFFD")
}
