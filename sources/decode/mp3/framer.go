package mp3

import (
	"bufio"
	"errors"
	"io"
)

// framer finds the frames in a stream of bytes.
type framer struct {
	buf  *bufio.Reader
	pos  int64 // of the next byte in the input
	last header
	sync bool // the frame before ended where the next byte is
	size int  // of the frame peek returned
}

func newFramer(r io.Reader, pos int64) framer {
	return framer{buf: bufio.NewReaderSize(r, 16<<10), pos: pos}
}

// reset goes on at pos of the input, where r now is.
func (f *framer) reset(r io.Reader, pos int64) {
	f.buf.Reset(r)
	f.pos, f.sync, f.size = pos, false, 0
}

// peek returns the next whole frame, valid until next, which steps behind it.
// Bytes that are no frames are skipped. A last frame that is cut off is
// io.ErrUnexpectedEOF.
func (f *framer) peek() (header, []byte, error) {
	cut := false
	for {
		b, err := f.buf.Peek(headerBytes)
		if len(b) < headerBytes {
			if cut && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return header{}, nil, err
		}
		if h, ok := parseHeader(b); ok {
			frame, err := f.buf.Peek(h.size)
			switch {
			case err != nil && !errors.Is(err, io.EOF):
				return header{}, nil, err
			case len(frame) < h.size:
				cut = true
			case f.sync && h.like(f.last):
				f.last, f.size = h, h.size
				return h, frame, nil
			case f.confirmed(h):
				f.last, f.size = h, h.size
				frame, err = f.buf.Peek(h.size) // looking further has moved it
				return h, frame, err
			}
		}
		f.sync = false
		f.stray()
	}
}

// next steps behind the frame peek returned.
func (f *framer) next() {
	f.discard(f.size)
	f.sync, f.size = true, 0
}

// confirmed reports whether another frame, or nothing, follows h.
func (f *framer) confirmed(h header) bool {
	b, err := f.buf.Peek(h.size + headerBytes)
	if len(b) == h.size && errors.Is(err, io.EOF) {
		return f.last.samples > 0 // a lone frame at the end of a stream, not a lone frame
	}
	if len(b) < h.size+headerBytes {
		return false
	}
	following, ok := parseHeader(b[h.size:])
	return ok && following.like(h)
}

// stray skips a byte and what cannot be the beginning of a frame. Another tag in
// the middle, of a file appended to this one, is skipped as a whole: its picture
// may look like frames.
func (f *framer) stray() {
	if b, _ := f.buf.Peek(10); len(b) == 10 && string(b[:3]) == "ID3" && (b[6]|b[7]|b[8]|b[9])&0x80 == 0 {
		f.discard(10 + int(b[6])<<21 + int(b[7])<<14 + int(b[8])<<7 + int(b[9]))
		return
	}
	f.discard(1)
	b, _ := f.buf.Peek(f.buf.Buffered())
	i := 0
	for i < len(b) && b[i] != 0xFF && b[i] != 'I' {
		i++
	}
	f.discard(i)
}

func (f *framer) discard(n int) {
	n, _ = f.buf.Discard(n)
	f.pos += int64(n)
}
