package mp4

import (
	"errors"
	"fmt"
	"io"

	"busker/sources/decode/tags"
)

// maxUnit bounds an access unit; a second of uncompressed audio fits.
const maxUnit = 2 << 20

// maxBoxes bounds the boxes at the top level in front of the first audio.
const maxBoxes = 1 << 16

// Reader hands out the access units of the audio track. One goroutine uses it at a time.
type Reader struct {
	Track *Track
	Tags  tags.Tags

	in       input
	body     int64 // of the first box behind moov
	next     cursor
	err      error // of next
	fragment *fragments
	unit     []byte
}

// NewReader reads the movie header. If r is an io.Seeker, it may be anywhere, and
// SeekUnit works.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{in: input{r: r}}
	d.in.seeker, _ = r.(io.Seeker)
	moov, first, err := d.findMoov()
	if err != nil {
		return nil, err
	}
	if d.Track, err = parseMoov(moov); err != nil {
		return nil, err
	}
	d.Tags = parseTags(moov)
	if d.Track.Length < 0 || d.Track.Start == 0 {
		d.Track.gapless(moov)
	}
	if d.Track.Units == 0 && find(moov, "mvex") != nil {
		d.fragment = newFragments(d.Track.id, find(moov, "mvex"))
		d.body = first
		return d, d.in.goTo(first)
	}
	if d.Track.Units == 0 {
		return nil, ErrSilent
	}
	d.next, d.err = d.Track.at(0)
	return d, nil
}

// findMoov returns the movie header, and the position of the first box behind it
// or, when the media comes first, of the media.
func (r *Reader) findMoov() (moov []byte, body int64, err error) {
	for range maxBoxes {
		start := r.in.pos
		kind, size, err := r.in.next()
		if errors.Is(err, io.EOF) {
			return nil, 0, fmt.Errorf("%w: no movie header: %w", ErrFormat, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, 0, err
		}
		switch {
		case kind == "moov":
			moov, err := r.in.content(size, maxMoov)
			return moov, r.in.pos, err
		case size < 0:
			return nil, 0, fmt.Errorf("%w: no movie header", ErrFormat)
		case kind == "mdat" && r.in.seeker == nil:
			return nil, 0, ErrOrder
		}
		if err := r.in.goTo(r.in.pos + size); err != nil {
			return nil, 0, fmt.Errorf("skip %q at %d: %w", kind, start, err)
		}
	}
	return nil, 0, fmt.Errorf("%w: too many boxes", ErrFormat)
}

// Next returns the next access unit, valid until the next call, and io.EOF after
// the last; io.ErrUnexpectedEOF when the file ends before it does.
func (r *Reader) Next() ([]byte, error) {
	for {
		offset, size, err := r.place()
		if err != nil {
			return nil, err
		}
		if size > maxUnit {
			return nil, fmt.Errorf("%w: access unit of %d bytes", ErrFormat, size)
		}
		if size > 0 { // without content there is nothing to decode
			return r.read(offset, size)
		}
	}
}

// place returns where the next access unit is, and steps on.
func (r *Reader) place() (offset, size int64, err error) {
	if r.fragment != nil {
		s, err := r.fragment.next(&r.in)
		return s.offset, s.size, err
	}
	if r.err != nil {
		return 0, 0, r.err
	}
	offset, size = r.next.offset, r.Track.unitSize(r.next.unit)
	r.next, r.err = r.Track.after(r.next)
	return offset, size, nil
}

func (r *Reader) read(offset, size int64) ([]byte, error) {
	if err := r.in.goTo(offset); err != nil {
		return nil, cut(err)
	}
	if int64(cap(r.unit)) < size {
		r.unit = make([]byte, size)
	}
	r.unit = r.unit[:size]
	return r.unit, cut(r.in.full(r.unit))
}

// SeekUnit makes Next return the given access unit, or io.EOF behind the last.
func (r *Reader) SeekUnit(unit int64) error {
	if r.fragment != nil {
		if err := r.in.goTo(r.body); err != nil {
			return err
		}
		r.fragment.restart()
		return r.fragment.skip(&r.in, unit)
	}
	r.next, r.err = r.Track.at(unit)
	return nil
}

// Fragmented reports whether the tables are spread over the file, so that only
// CountUnits knows its length.
func (r *Reader) Fragmented() bool { return r.fragment != nil }

// CountUnits walks over the fragments of a seekable file and comes back to the first.
func (r *Reader) CountUnits() (int64, error) {
	if err := r.in.goTo(r.body); err != nil {
		return 0, err
	}
	r.fragment.restart()
	n, err := r.fragment.count(&r.in)
	if err != nil {
		return 0, err
	}
	return n, r.SeekUnit(0)
}

func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
