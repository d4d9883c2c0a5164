package dca

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus/toc"
)

// bufferBytes holds two of the longest packets, or half a second of common ones.
const bufferBytes = 8 << 10

// Reader reads a DCA file packet by packet. One goroutine uses it at a time.
type Reader struct {
	buf    *bufio.Reader
	src    io.Reader
	seeker io.Seeker // nil when src cannot seek
	start  int64     // where the packets begin in the input
	header int64     // bytes before them
	meta   Metadata

	offset int64 // of the next packet, from start
	sample int64 // its first sample, counted from the first packet's
	held   int   // bytes of buf that the packet returned last lies in
	marks  []mark
	err    error
}

// mark is a place where a packet begins.
type mark struct{ sample, offset int64 }

// NewReader reads the header, if there is one. It seeks where r is an io.ReadSeeker. The
// caller keeps r.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{src: r, buf: bufio.NewReaderSize(r, bufferBytes)}
	begin := int64(0)
	if s, ok := r.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil { // a pipe's file cannot
			d.seeker, begin = s, at
		}
	}
	n, err := d.readHeader()
	if err != nil {
		return nil, fmt.Errorf("read dca header: %w", err)
	}
	d.start, d.header = begin+n, n
	d.marks = d.meta.Extra.Index.marks()
	return d, nil
}

// readHeader returns the header's length, 0 for DCA0.
func (r *Reader) readHeader() (int64, error) {
	head, err := r.buf.Peek(headBytes)
	if len(head) < len(magic) || string(head[:3]) != magic[:3] {
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		return 0, nil
	}
	if head[3] != magic[3] {
		return 0, fault.Newf(fault.Unsupported, "DCA files of version %q cannot be played, only 0 and 1.", head[3])
	}
	if err != nil {
		return 0, cut(err)
	}
	n := int64(int32(binary.LittleEndian.Uint32(head[len(magic):])))
	if n < minMetadataBytes || n > maxMetadataBytes {
		return 0, corrupt(fmt.Errorf("%d bytes of metadata", n))
	}
	_, _ = r.buf.Discard(headBytes)
	// Not make([]byte, n): memory is spent on bytes that are there.
	text, err := io.ReadAll(io.LimitReader(r.buf, n))
	if err != nil {
		return 0, err
	}
	if int64(len(text)) < n {
		return 0, corrupt(io.ErrUnexpectedEOF)
	}
	r.meta = parseMetadata(text)
	return int64(headBytes) + n, nil
}

// Metadata is the header; zero for DCA0.
func (r *Reader) Metadata() Metadata { return r.meta }

// Position is the first sample of the packet that ReadPacket returns next, counted from
// the beginning of the sound: negative in what Extra.Skip leaves out.
func (r *Reader) Position() int64 { return r.sample - int64(r.meta.Extra.Skip) }

// ReadPacket returns the next Opus packet, valid until the next call, or io.EOF; a file cut
// off in a packet is io.ErrUnexpectedEOF. What is no Opus packet is left out. After an error
// the Reader stays failed until a Seek.
func (r *Reader) ReadPacket() ([]byte, error) {
	for r.err == nil {
		p, err := r.peek()
		if err != nil {
			r.err = err
			break
		}
		n := samples(p)
		r.take(p, n)
		if n > 0 {
			return p, nil
		}
	}
	return nil, r.err
}

// peek returns whatever lies behind the next length.
func (r *Reader) peek() ([]byte, error) {
	_, _ = r.buf.Discard(r.held) // it was peeked at, so it is there
	r.held = 0
	head, err := r.buf.Peek(lengthBytes)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, cut(err)
	}
	n := int(int16(binary.LittleEndian.Uint16(head)))
	if n < 1 || n > MaxPacketBytes {
		return nil, corrupt(fmt.Errorf("packet of %d bytes at %d", n, r.start+r.offset))
	}
	b, err := r.buf.Peek(lengthBytes + n)
	if err != nil {
		return nil, cut(err)
	}
	return b[lengthBytes:], nil
}

// take goes past what was peeked at, which stays valid until the next peek.
func (r *Reader) take(p []byte, n int64) {
	r.held = lengthBytes + len(p)
	r.offset += int64(r.held)
	r.sample += n
}

// samples is 0 for what is no Opus packet.
func samples(p []byte) int64 {
	n, err := toc.Samples(p)
	if err != nil {
		return 0
	}
	return int64(n)
}

// cut makes the end of the input in the middle of something an error of its own.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return corrupt(io.ErrUnexpectedEOF)
	}
	return err
}

// Length is how long the file plays, if that is known without reading it all.
func (r *Reader) Length() (time.Duration, bool) {
	e := r.meta.Extra
	if e.Samples == 0 {
		return 0, false
	}
	return audio.SamplesDuration(max(0, e.Samples-int64(e.Skip)-int64(e.Tail))), true
}
