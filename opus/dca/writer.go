package dca

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"busker/opus/toc"
)

// indexRoom is what Header may add to the metadata, in bytes of JSON: an index of
// indexEntries at the highest bitrates, and the numbers beside it.
const indexRoom = 8 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes DCA0 or DCA1. Each packet is one Write, so that the underlying writer had
// better be buffered. One goroutine uses a Writer at a time.
type Writer struct {
	w      io.Writer
	meta   Metadata
	header int // bytes, with room for the index; 0 when there is none
	index  indexer
	frame  []byte
	err    error
}

// NewWriter writes the header of a DCA1 file.
func NewWriter(w io.Writer, m Metadata) (*Writer, error) { return newWriter(w, m, 0) }

// NewIndexed is NewWriter with room in the header for what only the end can tell: see
// Header.
func NewIndexed(w io.Writer, m Metadata) (*Writer, error) { return newWriter(w, m, indexRoom) }

// NewRaw writes DCA0, which has no header.
func NewRaw(w io.Writer) *Writer { return &Writer{w: w, index: newIndexer()} }

func newWriter(w io.Writer, m Metadata, room int) (*Writer, error) {
	m = m.complete()
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write dca header: %w", err)
	}
	if len(text)+room > maxMetadataBytes {
		return nil, fmt.Errorf("write dca header: %d bytes of metadata", len(text))
	}
	d := NewRaw(w)
	d.meta = m
	d.meta.Extra.Samples, d.meta.Extra.Bytes, d.meta.Extra.CRC = 0, 0, 0
	head := appendHeader(text, len(text)+room)
	if _, err := w.Write(head); err != nil {
		return nil, fmt.Errorf("write dca header: %w", err)
	}
	if room > 0 {
		d.header = len(head)
	}
	return d, nil
}

// appendHeader fills the metadata up with spaces, which JSON ignores, to size bytes.
func appendHeader(text []byte, size int) []byte {
	b := append(make([]byte, 0, headBytes+size), magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = append(b, text...)
	return append(b, bytes.Repeat([]byte{' '}, size-len(text))...)
}

// WritePacket appends one Opus packet, which may be reused afterwards.
func (w *Writer) WritePacket(packet []byte) error {
	if w.err != nil {
		return w.err
	}
	n, err := toc.Samples(packet)
	if err != nil {
		return fmt.Errorf("write packet: %w", err)
	}
	if len(packet) > MaxPacketBytes {
		return fmt.Errorf("write packet: %d bytes, and dca takes %d", len(packet), MaxPacketBytes)
	}
	w.frame = binary.LittleEndian.AppendUint16(w.frame[:0], uint16(len(packet)))
	w.frame = append(w.frame, packet...)
	if _, w.err = w.w.Write(w.frame); w.err != nil {
		return w.err
	}
	w.index.add(n, len(w.frame))
	e := &w.meta.Extra
	e.Samples += int64(n)
	e.Bytes += int64(len(w.frame))
	e.CRC = crc32.Update(e.CRC, castagnoli, w.frame)
	return nil
}

// Samples is how many samples the packets so far hold.
func (w *Writer) Samples() int64 { return w.meta.Extra.Samples }

// Bytes is how long the packets so far are, with their lengths and without the header.
func (w *Writer) Bytes() int64 { return w.meta.Extra.Bytes }

// Header returns the header complete with lengths, checksum, seek index, skip, tail and
// loudness (nil = unknown), to be written over the first one, which was as long. It is for
// Writers of NewIndexed.
func (w *Writer) Header(skip, tail int, l *Loudness) ([]byte, error) {
	if w.header == 0 {
		return nil, errNoRoom
	}
	m := w.meta
	m.Extra.Skip, m.Extra.Tail, m.Extra.Loudness, m.Extra.Index = skip, tail, l, w.index.result()
	if l != nil && (bad(l.LUFS) || bad(l.Peak)) {
		m.Extra.Loudness = nil
	}
	for {
		text, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("complete dca header: %w", err)
		}
		switch x := m.Extra.Index; {
		case headBytes+len(text) <= w.header:
			return appendHeader(text, w.header-headBytes), nil
		case x == nil:
			return nil, errNoRoom
		case len(x.Bytes) < 2:
			m.Extra.Index = nil
		default:
			half := x.halved()
			m.Extra.Index = &half
		}
	}
}

var errNoRoom = errors.New("no room in the dca header")

func bad(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }
