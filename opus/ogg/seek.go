package ogg

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"busker/audio"
	"busker/opus/toc"
)

// maxLinks bounds the streams chained in one file that Length and Seek look for.
const maxLinks = 1024

// link is one stream of a chained file; most files have one.
type link struct {
	stream stream
	end    int64 // offset behind its last page
	length int64 // samples that are heard
}

// Length returns how many samples the whole file plays for. It needs a seekable
// input, reads a little at the end of each chained stream the first time, and
// leaves the Reader where it is.
func (r *Reader) Length() (int64, error) {
	if err := r.findLinks(); err != nil {
		return 0, fmt.Errorf("find length: %w", err)
	}
	l := r.links[len(r.links)-1]
	return l.stream.base + l.length, nil
}

// Seek goes on with the packet in which the time at since the beginning is heard,
// preceded by those the decoder needs to converge. At or behind the end, ReadPacket
// returns io.EOF after at most those. It needs a seekable input; when it fails
// the Reader stays where it is.
func (r *Reader) Seek(at time.Duration) error {
	if err := r.seek(max(0, audio.DurationSamples(at))); err != nil {
		return fmt.Errorf("seek to %v: %w", at, err)
	}
	return nil
}

func (r *Reader) seek(at int64) error {
	if err := r.findLinks(); err != nil {
		return err
	}
	l := r.linkAt(at)
	target := l.stream.first + int64(l.stream.head.PreSkip) + min(at-l.stream.base, l.length)
	offset := l.stream.data
	err := r.aside(func(rs io.ReadSeeker) (err error) {
		offset, err = pageBefore(rs, l, target-preRoll)
		return err
	})
	if err != nil {
		return err
	}
	rs := r.src.(io.ReadSeeker)
	if _, err := rs.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	r.pages.Reset(rs, offset)
	r.stream = l.stream
	r.cutter = Cutter{Limit: toc.MaxPacketBytes + 1}
	r.queue, r.known, r.last = nil, false, false
	r.end, r.granule, r.skipTo, r.dropTo = 0, 0, target, target-preRoll
	r.reset, r.err = true, nil
	return nil
}

// linkAt returns the link that plays at sample at, the last one behind the end.
func (r *Reader) linkAt(at int64) link {
	for _, l := range r.links {
		if at < l.stream.base+l.length {
			return l
		}
	}
	return r.links[len(r.links)-1]
}

var errNotSeekable = fmt.Errorf("input is not seekable: %w", errors.ErrUnsupported)

// aside lets f move the input, and moves it back for r.pages.
func (r *Reader) aside(f func(io.ReadSeeker) error) error {
	rs, ok := r.src.(io.ReadSeeker)
	if !ok {
		return errNotSeekable
	}
	back, err := rs.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	err = f(rs)
	if _, e := rs.Seek(back, io.SeekStart); e != nil {
		r.err = e
		return errors.Join(err, e)
	}
	return err
}

// findLinks fills r.links once.
func (r *Reader) findLinks() error {
	if r.links != nil {
		return nil
	}
	return r.aside(func(rs io.ReadSeeker) error {
		size, err := rs.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		var links []link
		for start, base := int64(0), int64(0); start < size && len(links) < maxLinks; {
			l, err := readLink(rs, start, base, size)
			if err != nil {
				if len(links) == 0 {
					return err
				}
				break // what follows can not be played either
			}
			links = append(links, l)
			start, base = l.end, base+l.length
		}
		r.links = links
		return nil
	})
}

// readLink measures the stream whose first page is at start.
func readLink(rs io.ReadSeeker, start, base, size int64) (link, error) {
	pages, err := pagesAt(rs, start)
	if err != nil {
		return link{}, err
	}
	p, err := pages.Next()
	if err != nil {
		return link{}, err
	}
	r := Reader{pages: pages}
	if err := r.begin(p, base); err != nil {
		return link{}, err
	}
	for r.stream.first < 0 {
		if err := r.load(); err != nil {
			return link{}, err
		}
	}
	l := link{stream: r.stream}
	if base > 0 {
		l.stream.tags = l.stream.tags.brief()
	}
	if l.end, err = endOf(rs, &l.stream, size); err != nil {
		return link{}, err
	}
	granule, err := lastGranule(rs, l.stream.serial, l.stream.data, l.end)
	if err != nil {
		return link{}, err
	}
	l.length = max(0, granule-l.stream.first-int64(l.stream.head.PreSkip))
	return l, nil
}

// endOf returns the offset where the streams that began together with s end: at
// size, or where another stream is chained to them.
func endOf(rs io.ReadSeeker, s *stream, size int64) (int64, error) {
	last, err := lastPage(rs, s.data, size, func(*Page) bool { return true })
	if err != nil || slices.Contains(s.group, last.Serial) {
		return size, err
	}
	lo, hi := s.data, size
	for hi-lo > MaxPageBytes {
		mid := lo + (hi-lo)/2
		pages, err := pagesAt(rs, mid)
		if err != nil {
			return 0, err
		}
		switch p, err := pages.Next(); {
		case err != nil && !errors.Is(err, io.EOF):
			return 0, err
		case err == nil && slices.Contains(s.group, p.Serial):
			lo = pages.End()
		default:
			hi = mid
		}
	}
	pages, err := pagesAt(rs, lo)
	if err != nil {
		return 0, err
	}
	for {
		p, err := pages.Next()
		if err != nil {
			return 0, err
		}
		if !slices.Contains(s.group, p.Serial) {
			return pages.Start(), nil
		}
	}
}

// pageBefore returns the offset of the last page of l that ends at or before the
// granule position goal, or else of its first audio page.
func pageBefore(rs io.ReadSeeker, l link, goal int64) (int64, error) {
	best, lo, hi := l.stream.data, l.stream.data, l.end
	for hi-lo > MaxPageBytes {
		mid := lo + (hi-lo)/2
		pages, p, err := positionedAt(rs, mid, hi, l.stream.serial)
		switch {
		case err != nil:
			return 0, err
		case p != nil && p.Granule <= goal:
			best, lo = pages.Start(), pages.End()
		default:
			hi = mid
		}
	}
	for {
		pages, p, err := positionedAt(rs, lo, l.end, l.stream.serial)
		if err != nil || p == nil || p.Granule > goal {
			return best, err
		}
		best, lo = pages.Start(), pages.End()
	}
}

// positionedAt returns the first page in from..to on which a packet of the stream
// ends, nil when there is none.
func positionedAt(rs io.ReadSeeker, from, to int64, serial uint32) (*PageReader, *Page, error) {
	pages, err := pagesAt(rs, from)
	if err != nil {
		return nil, nil, err
	}
	for {
		p, err := pages.Next()
		if errors.Is(err, io.EOF) || err == nil && pages.Start() >= to {
			return pages, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if positioned(p, serial) {
			return pages, p, nil
		}
	}
}

func positioned(p *Page, serial uint32) bool {
	return p.Serial == serial && p.Granule >= 0 && p.Granule <= maxGranule
}

// LastGranule returns the last granule position of a logical stream of any codec,
// in that codec's units. It moves rs.
func LastGranule(rs io.ReadSeeker, serial uint32) (int64, error) {
	size, err := rs.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	return lastGranule(rs, serial, 0, size)
}

func lastGranule(rs io.ReadSeeker, serial uint32, lo, hi int64) (int64, error) {
	p, err := lastPage(rs, lo, hi, func(p *Page) bool { return positioned(p, serial) })
	return p.Granule, err
}

const (
	// tailBytes before the end are searched for a last page first; then four
	// times as much, and so on up to maxTailBytes.
	tailBytes    = 2 * MaxPageBytes
	maxTailBytes = tailBytes << 10
)

// lastPage returns the last page that begins in lo..hi and matches, without its
// body.
func lastPage(rs io.ReadSeeker, lo, hi int64, match func(*Page) bool) (last Page, err error) {
	found := false
	for back := int64(tailBytes); back <= maxTailBytes; back *= 4 {
		at := max(lo, hi-back)
		pages, err := pagesAt(rs, at)
		if err != nil {
			return Page{}, err
		}
		for {
			p, err := pages.Next()
			if errors.Is(err, io.EOF) || err == nil && pages.Start() >= hi {
				break
			}
			if err != nil {
				return Page{}, err
			}
			if match(p) {
				last, found = Page{Flags: p.Flags, Granule: p.Granule, Serial: p.Serial, Sequence: p.Sequence}, true
			}
		}
		if found {
			return last, nil
		}
		if at == lo {
			break
		}
	}
	return Page{}, corrupt(errors.New("no last page"))
}

func pagesAt(rs io.ReadSeeker, offset int64) (*PageReader, error) {
	if _, err := rs.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	r := NewPageReader(rs)
	r.Reset(rs, offset)
	return r, nil
}
