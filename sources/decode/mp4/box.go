// Package mp4 takes the audio track out of MP4, M4A and QuickTime files, whole and
// fragmented (ISO 14496-12, 14496-14).
//
// It hands out access units and what the file says of them, and decodes nothing.
// It reads only the boxes it needs and passes over what is wrong in others; no
// memory is spent on what a file merely claims. It starts no goroutines.
package mp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Errors of NewReader.
var (
	// ErrFormat means the file breaks the rules.
	ErrFormat = errors.New("mp4: invalid file")
	// ErrOrder means the audio comes before the table that describes it, and the
	// input cannot seek.
	ErrOrder = errors.New("mp4: the index is at the end and the input cannot seek")
	// ErrSilent means there is no audio track.
	ErrSilent = errors.New("mp4: no audio track")
)

const (
	maxMoov = 64 << 20 // tables for days of audio with a video beside it
	maxMoof = 4 << 20
)

// boxes yields the type and the content of the boxes in b. What is cut off at the
// end is yielded as far as it goes.
func boxes(b []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(b) >= 8 {
			size, header := uint64(binary.BigEndian.Uint32(b)), uint64(8)
			switch {
			case size == 0:
				size = uint64(len(b))
			case size == 1 && len(b) >= 16:
				size, header = binary.BigEndian.Uint64(b[8:]), 16
			}
			if size < header {
				return
			}
			size = min(size, uint64(len(b)))
			if size < header || !yield(string(b[4:8]), b[header:size]) {
				return
			}
			b = b[size:]
		}
	}
}

// find returns the content of the first box on the path, nil when there is none.
func find(b []byte, path ...string) []byte {
	for _, name := range path {
		var found []byte
		for kind, content := range boxes(b) {
			if kind == name {
				found = content
				break
			}
		}
		if found == nil {
			return nil
		}
		b = found
	}
	return b
}

// full cuts version and flags off a full box's content.
func full(b []byte) (version byte, flags uint32, rest []byte) {
	if len(b) < 4 {
		return 0, 0, nil
	}
	return b[0], binary.BigEndian.Uint32(b) & 0xFFFFFF, b[4:]
}

// input is the file, read forward and, where it can, out of order.
type input struct {
	r      io.Reader
	seeker io.Seeker
	pos    int64
}

// next reads the header of the box at the current position. A size of -1 means to
// the end of the file.
func (in *input) next() (kind string, size int64, err error) {
	var h [16]byte
	if err := in.full(h[:8]); err != nil {
		return "", 0, err
	}
	kind, n := string(h[4:8]), uint64(binary.BigEndian.Uint32(h[:]))
	switch n {
	case 0:
		return kind, -1, nil
	case 1:
		if err := in.full(h[8:]); err != nil {
			return "", 0, err
		}
		n = binary.BigEndian.Uint64(h[8:])
		if n < 16 || n > 1<<60 {
			return "", 0, fmt.Errorf("%w: box of %d bytes", ErrFormat, n)
		}
		return kind, int64(n) - 16, nil
	}
	if n < 8 {
		return "", 0, fmt.Errorf("%w: box of %d bytes", ErrFormat, n)
	}
	return kind, int64(n) - 8, nil
}

// content reads a box's content of at most limit bytes; what the end of the file
// cuts off is missing without an error.
func (in *input) content(size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, fmt.Errorf("%w: box of %d bytes", ErrFormat, size)
	}
	if size < 0 {
		size = limit
	}
	var b bytes.Buffer
	n, err := io.CopyN(&b, in.r, size)
	in.pos += n
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b.Bytes(), err
}

// goTo moves to pos, forward by reading where the input cannot seek.
func (in *input) goTo(pos int64) error {
	if pos == in.pos {
		return nil
	}
	if in.seeker != nil {
		_, err := in.seeker.Seek(pos, io.SeekStart)
		in.pos = pos
		return err
	}
	if pos < in.pos {
		return ErrOrder
	}
	n, err := io.CopyN(io.Discard, in.r, pos-in.pos)
	in.pos += n
	return err
}

func (in *input) full(b []byte) error {
	n, err := io.ReadFull(in.r, b)
	in.pos += int64(n)
	return err
}
