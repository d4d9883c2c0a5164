package flac

import (
	"errors"
	"io"
)

// window is the part of the input a frame is parsed from.
type window struct {
	r     io.Reader
	buf   []byte
	from  int   // first byte not dropped
	pos   int64 // of the end of buf in the input
	ended bool  // the input has no more
}

// maxFrameBytes is more than any frame can have: 65535 samples of 8 channels of
// 33 bits, verbatim.
const maxFrameBytes = 4 << 20

func (w *window) bytes() []byte { return w.buf[w.from:] }

// offset is the position in the input of the first byte of the window.
func (w *window) offset() int64 { return w.pos - int64(len(w.bytes())) }

func (w *window) drop(n int) { w.from += n }

// need reads until the window holds n bytes or the input ends.
func (w *window) need(n int) error {
	if len(w.bytes()) >= n || w.ended {
		return nil
	}
	w.buf = append(w.buf[:0], w.bytes()...)
	w.from = 0
	for len(w.buf) < n {
		have := len(w.buf)
		if have == cap(w.buf) {
			grown := make([]byte, have, min(2*max(have, 16<<10), max(n, 32<<10)))
			copy(grown, w.buf)
			w.buf = grown
		}
		m, err := w.r.Read(w.buf[have:cap(w.buf)])
		w.buf = w.buf[:have+m]
		w.pos += int64(m)
		if errors.Is(err, io.EOF) {
			w.ended = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take returns the next n bytes, valid until the next call.
func (w *window) take(n int) ([]byte, error) {
	if err := w.need(n); err != nil {
		return nil, err
	}
	if len(w.bytes()) < n {
		return nil, io.ErrUnexpectedEOF
	}
	b := w.bytes()[:n]
	w.drop(n)
	return b, nil
}

func (w *window) skip(n int) error {
	for n > 0 {
		b, err := w.take(min(n, 16<<10))
		if err != nil {
			return err
		}
		n -= len(b)
	}
	return nil
}

// seek moves the window to pos of the input.
func (w *window) seek(s io.Seeker, pos int64) error {
	if _, err := s.Seek(pos, io.SeekStart); err != nil {
		return err
	}
	w.buf, w.from, w.pos, w.ended = w.buf[:0], 0, pos, false
	return nil
}

// finish makes the window as if the input had ended.
func (w *window) finish() { w.buf, w.from, w.ended = w.buf[:0], 0, true }
