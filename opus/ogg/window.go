package ogg

import "io"

// windowBytes is what a window begins with: more than a second of most streams.
const windowBytes = 16 << 10

// window is the part of the input in which pages are looked for. It grows to the
// largest page it is asked for.
type window struct {
	src  io.Reader
	buf  []byte
	from int   // first byte not discarded
	err  error // of src
}

// peek returns the next n bytes, or with the error of the input what there is. They
// are valid until the next peek.
func (w *window) peek(n int) ([]byte, error) {
	for len(w.buf)-w.from < n && w.err == nil {
		w.fill(n)
	}
	if ahead := w.buf[w.from:]; len(ahead) < n {
		return ahead, w.err
	}
	return w.buf[w.from : w.from+n], nil
}

// fill reads once, having made room for n bytes.
func (w *window) fill(n int) {
	w.resize(max(cap(w.buf), windowBytes, n))
	for range 100 {
		have := len(w.buf)
		m, err := w.src.Read(w.buf[have:cap(w.buf)])
		w.buf, w.err = w.buf[:have+m], err
		if m > 0 || err != nil {
			return
		}
	}
	w.err = io.ErrNoProgress
}

// resize moves what is not discarded to the front of size bytes.
func (w *window) resize(size int) {
	ahead := w.buf[w.from:]
	if size != cap(w.buf) {
		w.buf = make([]byte, 0, size)
	}
	w.buf, w.from = append(w.buf[:0], ahead...), 0
}

// shrink gives back what only large pages needed.
func (w *window) shrink() {
	if cap(w.buf) > windowBytes && len(w.buf)-w.from <= windowBytes {
		w.resize(windowBytes)
	}
}

// discard steps over up to n bytes that were peeked at and returns how many.
func (w *window) discard(n int) int {
	n = min(n, len(w.buf)-w.from)
	w.from += n
	return n
}

func (w *window) reset(src io.Reader) { w.src, w.buf, w.from, w.err = src, w.buf[:0], 0, nil }
