package ogg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	headerBytes = 27
	// MaxPageBytes is the size of the largest page: header, 255 lacing values and
	// 255 segments of 255 bytes (RFC 3533 §6).
	MaxPageBytes = headerBytes + 255 + 255*255
	// maxGarbage is how many bytes that belong to no page are skipped in search
	// of the next before the stream is given up.
	maxGarbage = 1 << 20
	// NoGranule is the granule position of a page on which no packet ends.
	NoGranule = -1
)

// Flags of a page (RFC 3533 §6, header_type_flag).
const (
	Continued byte = 1 << iota // the first packet began on an earlier page
	First                      // first page of its logical stream
	Last                       // last page of its logical stream
)

// Page is one page of a physical stream.
//
//	 0      4 5     6         14       18         22    26     27
//	+------+-+-----+---------+--------+----------+-----+------+--------+------+
//	| OggS |0|flags| granule | serial | sequence | crc | n    | lacing | body |
//	+------+-+-----+---------+--------+----------+-----+------+--------+------+
//	 all little endian; n lacing values of one byte; the body is their sum
type Page struct {
	Flags    byte
	Granule  int64 // position after the last packet that ends here; the codec sets the unit
	Serial   uint32
	Sequence uint32
	Lacing   []byte
	Body     []byte
}

// Append appends the page as bytes with its checksum to dst. It panics when
// Lacing and Body do not fit each other, which is the caller's broken invariant.
func (p *Page) Append(dst []byte) []byte {
	if len(p.Lacing) > 255 || bodyBytes(p.Lacing) != len(p.Body) {
		panic(fmt.Sprintf("ogg: body of %d bytes with %d lacing values", len(p.Body), len(p.Lacing)))
	}
	at := len(dst)
	dst = append(dst, "OggS\x00"...)
	dst = append(dst, p.Flags)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(p.Granule))
	dst = binary.LittleEndian.AppendUint32(dst, p.Serial)
	dst = binary.LittleEndian.AppendUint32(dst, p.Sequence)
	dst = append(dst, 0, 0, 0, 0, byte(len(p.Lacing)))
	dst = append(dst, p.Lacing...)
	dst = append(dst, p.Body...)
	binary.LittleEndian.PutUint32(dst[at+22:], checksum(dst[at:]))
	return dst
}

// PageReader reads pages and nothing else: any codec, any number of interleaved
// streams. One goroutine uses it at a time.
type PageReader struct {
	buf    window
	offset int64 // of buf's next byte in the source
	start  int64
	page   Page
}

// NewPageReader returns a reader of the pages in r.
func NewPageReader(r io.Reader) *PageReader {
	// The window holds a whole page, so that one with a false checksum can be
	// searched again for the true beginning of the next.
	return &PageReader{buf: window{src: r}}
}

// Reset goes on with r, whose next byte lies at offset of the source.
func (r *PageReader) Reset(src io.Reader, offset int64) {
	r.buf.reset(src)
	r.offset = offset
}

// Shrink gives back memory that only large pages needed, such as those of headers
// with pictures.
func (r *PageReader) Shrink() { r.buf.shrink() }

// Start returns the offset of the page Next returned last; the offset just
// behind it is End.
func (r *PageReader) Start() int64 { return r.start }

// End returns the offset behind the page Next returned last.
func (r *PageReader) End() int64 { return r.offset }

// Next returns the next page whose checksum is right. It skips what is not a
// page, up to a limit. The page and its slices are valid until the next call. At
// the end of the input, even in the middle of a page, the error is io.EOF.
func (r *PageReader) Next() (*Page, error) {
	for skipped := 0; skipped <= maxGarbage; {
		n, err := r.seekCapture(maxGarbage - skipped)
		skipped += n
		if err != nil {
			return nil, err
		}
		size, err := r.parse()
		if err != nil {
			return nil, err
		}
		if size > 0 {
			r.start = r.offset
			r.discard(size)
			return &r.page, nil
		}
		skipped += r.discard(1)
	}
	return nil, corrupt(errors.New("no page in sight"))
}

// seekCapture skips to the next capture pattern, and at most limit bytes.
func (r *PageReader) seekCapture(limit int) (skipped int, err error) {
	for skipped <= limit {
		b, err := r.buf.peek(4)
		if err != nil {
			return skipped, err
		}
		if string(b) == "OggS" {
			return skipped, nil
		}
		skipped += r.discard(1)
	}
	return skipped, corrupt(errors.New("no page in sight"))
}

// parse reads the page at the capture pattern into r.page without consuming it
// and returns its size, 0 when it is not one after all.
func (r *PageReader) parse() (int, error) {
	b, err := r.buf.peek(headerBytes)
	if err != nil {
		return 0, err
	}
	if b[4] != 0 { // version
		return 0, nil
	}
	lacing := int(b[26])
	if b, err = r.buf.peek(headerBytes + lacing); err != nil {
		return 0, unlessEnd(err)
	}
	size := headerBytes + lacing + bodyBytes(b[headerBytes:])
	if b, err = r.buf.peek(size); err != nil {
		return 0, unlessEnd(err)
	}
	if checksum(b) != binary.LittleEndian.Uint32(b[22:]) {
		return 0, nil
	}
	r.page = Page{
		Flags:    b[5],
		Granule:  int64(binary.LittleEndian.Uint64(b[6:])),
		Serial:   binary.LittleEndian.Uint32(b[14:]),
		Sequence: binary.LittleEndian.Uint32(b[18:]),
		Lacing:   b[headerBytes : headerBytes+lacing],
		Body:     b[headerBytes+lacing : size],
	}
	return size, nil
}

// unlessEnd forgives a page that reaches beyond the end of the input: its header
// may lie, with pages following inside it.
func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (r *PageReader) discard(n int) int {
	n = r.buf.discard(n)
	r.offset += int64(n)
	return n
}

func bodyBytes(lacing []byte) int {
	n := 0
	for _, v := range lacing {
		n += int(v)
	}
	return n
}

// crcTable is for the polynomial 0x04C11DB7, most significant bit first, without
// inversions: not the CRC of hash/crc32 (RFC 3533 §6, CRC_checksum).
var crcTable = func() (t [256]uint32) {
	for i := range t {
		v := uint32(i) << 24
		for range 8 {
			v = v<<1 ^ 0x04C11DB7&-(v>>31)
		}
		t[i] = v
	}
	return t
}()

// crcAhead[n][b] is what byte b leaves of the CRC when n further bytes have followed, so
// that eight bytes are taken at once: a fifth of the time.
var crcAhead = func() (t [8][256]uint32) {
	t[0] = crcTable
	for n := 1; n < len(t); n++ {
		for b, crc := range t[n-1] {
			t[n][b] = crc<<8 ^ crcTable[crc>>24]
		}
	}
	return t
}()

// crcAt is where a page keeps its CRC, of 4 bytes.
const crcAt = 22

// checksum returns the CRC of a whole page, taking its CRC field as zero.
func checksum(page []byte) uint32 {
	if len(page) < crcAt+4 {
		return crcOf(0, page)
	}
	crc := crcOf(crcOf(0, page[:crcAt]), make([]byte, 4))
	return crcOf(crc, page[crcAt+4:])
}

// crcOf goes on from crc with b.
func crcOf(crc uint32, b []byte) uint32 {
	t := &crcAhead
	for ; len(b) >= 8; b = b[8:] {
		crc ^= binary.BigEndian.Uint32(b)
		crc = t[7][crc>>24] ^ t[6][byte(crc>>16)] ^ t[5][byte(crc>>8)] ^ t[4][byte(crc)] ^
			t[3][b[4]] ^ t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]]
	}
	for _, v := range b {
		crc = crc<<8 ^ t[0][byte(crc>>24)^v]
	}
	return crc
}
