package ogg

import (
	"errors"
	"fmt"
	"io"
	"math"

	"busker/opus/toc"
)

// pageSamples is how much audio goes on one page at most: a second, so that
// seeking and streaming stay fine-grained (RFC 7845 §3 recommends no more).
const pageSamples = 48000

// WriterOptions describe the stream to write.
type WriterOptions struct {
	Head   Head // the zero Head is stereo without pre-skip: set PreSkip to the encoder's Lookahead
	Tags   Tags
	Serial uint32 // identifies the stream; must differ among chained ones
}

// Writer writes one Ogg Opus stream. One goroutine uses it at a time.
type Writer struct {
	w        io.Writer
	page     Page
	buf      []byte
	granule  int64 // behind the packets written so far
	samples  int64 // on the page in progress
	sequence uint32
	err      error
}

// NewWriter writes the headers to w. The caller keeps w.
func NewWriter(w io.Writer, opts WriterOptions) (*Writer, error) {
	h := opts.Head
	if h.Channels == 0 {
		h.Channels, h.Streams, h.Coupled = 2, 1, 1
	}
	if h.Channels > 255 || h.PreSkip < 0 || h.PreSkip > math.MaxUint16 {
		return nil, fmt.Errorf("write ogg headers: %d channels, pre-skip %d", h.Channels, h.PreSkip)
	}
	d := &Writer{w: w, page: Page{Serial: opts.Serial}}
	d.add(h.Append(nil))
	d.flush(First, 0)
	d.add(opts.Tags.Append(nil))
	d.flush(0, 0)
	if d.err != nil {
		return nil, fmt.Errorf("write ogg headers: %w", d.err)
	}
	return d, nil
}

// WritePacket appends a packet of which samples are to count, per channel at
// 48 kHz and with the pre-skip. All but the last packet count whole; the last may
// count less, which trims the end (RFC 7845 §4.4). The packet may be reused
// afterwards. Audio reaches w a page late.
func (w *Writer) WritePacket(p []byte, samples int) error {
	whole, err := toc.Samples(p)
	if err != nil {
		return fmt.Errorf("write packet: %w", err)
	}
	if samples < 0 || samples > whole {
		return fmt.Errorf("write packet: %d samples of %d", samples, whole)
	}
	if w.samples > 0 && (w.samples+int64(whole) > pageSamples || len(w.page.Lacing)+lacingValues(p) > 255) {
		w.flush(0, w.granule)
	}
	w.add(p)
	w.samples += int64(whole)
	w.granule += int64(samples)
	return w.err
}

// Flush writes the packets so far to w, for listeners that must not wait.
func (w *Writer) Flush() error {
	if len(w.page.Lacing) > 0 {
		w.flush(0, w.granule)
	}
	return w.err
}

// Close ends the stream; it does not close w.
func (w *Writer) Close() error {
	if errors.Is(w.err, errWriterClosed) {
		return nil
	}
	w.flush(Last, w.granule)
	err := w.err
	w.err = errWriterClosed
	return err
}

var errWriterClosed = errors.New("ogg writer is closed")

func lacingValues(p []byte) int { return len(p)/255 + 1 }

// add appends p to the page in progress, and to as many as it needs.
func (w *Writer) add(p []byte) {
	for rest := lacingValues(p); rest > 0; {
		if len(w.page.Lacing) == 255 {
			w.flush(0, NoGranule)
			w.page.Flags = Continued
		}
		n := min(rest, 255-len(w.page.Lacing))
		size := min(len(p), 255*n)
		for i := range n {
			w.page.Lacing = append(w.page.Lacing, byte(min(255, size-255*i)))
		}
		w.page.Body = append(w.page.Body, p[:size]...)
		p, rest = p[size:], rest-n
	}
}

// flush writes the page in progress and begins the next.
func (w *Writer) flush(flags byte, granule int64) {
	w.page.Flags |= flags
	w.page.Granule, w.page.Sequence = granule, w.sequence
	w.buf = w.page.Append(w.buf[:0])
	if w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	w.sequence++
	w.samples = 0
	w.page = Page{Serial: w.page.Serial, Lacing: w.page.Lacing[:0], Body: w.page.Body[:0]}
}
