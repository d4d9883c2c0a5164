// Package dca reads and writes DCA0 and DCA1, the files of bare Opus packets that
// Discord bots keep.
package dca

import (
	"errors"
	"io"
	"time"
)

var errUnwritten = errors.New("not written yet")

// Reader reads a DCA file packet by packet.
type Reader struct{}

// NewReader reads the header, if there is one. It seeks where r is an io.ReadSeeker.
func NewReader(r io.Reader) (*Reader, error) { return nil, errUnwritten }

// Metadata is the header; zero for DCA0.
func (r *Reader) Metadata() Metadata { return Metadata{} }

// ReadPacket returns the next Opus packet, valid until the next call, or io.EOF; a file cut
// off in a packet is io.ErrUnexpectedEOF.
func (r *Reader) ReadPacket() ([]byte, error) { return nil, errUnwritten }

// Seek goes to the packet that holds the given time.
func (r *Reader) Seek(at time.Duration) error { return errUnwritten }

// Length is how long the file plays, if that is known without reading it all (index or metadata).
func (r *Reader) Length() (time.Duration, bool) { return 0, false }

// Metadata is the JSON of DCA1. K completes it.
type Metadata struct{}

// Writer writes DCA1.
type Writer struct{}

// NewWriter writes the header.
func NewWriter(w io.Writer, m Metadata) (*Writer, error) { return nil, errUnwritten }

// WritePacket appends one Opus packet.
func (w *Writer) WritePacket(packet []byte) error { return errUnwritten }
