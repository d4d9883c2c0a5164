// Package wav reads PCM out of RIFF WAVE files, and of RF64 and BW64, their large
// kin. It knows nothing of where the bytes come from and starts no goroutines.
package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Errors of NewDecoder. ErrEncoding means a well-formed file whose samples are
// compressed in a way this package does not read.
var (
	ErrFormat   = errors.New("wav: not a WAVE file")
	ErrEncoding = errors.New("wav: unsupported encoding")
)

const (
	maxChannels = 64      // nobody has more, and it bounds a frame
	maxChunk    = 4 << 20 // of LIST and id3 chunks kept
	maxChunks   = 1024    // before the data chunk
	unknownSize = 0xFFFFFFFF
)

// Decoder reads one file. One goroutine uses it at a time.
type Decoder struct {
	// Rate in hertz, Channels interleaved in the file's order, Mask the speakers
	// they are for (dwChannelMask of WAVEFORMATEXTENSIBLE; 0 when not given).
	Rate, Channels int
	Mask           uint32
	// Samples per channel; -1 when the file does not say and its size is unknown.
	Samples int64
	// List and ID3 are the contents of the first LIST INFO and id3 chunk found
	// before the audio; nil when there is none.
	List, ID3 []byte

	r      io.Reader
	seeker io.Seeker
	coding coding
	start  int64 // of the data in the file, in bytes
	length int64 // of the data in bytes, -1 when unknown
	at     int64 // bytes of the data read
	pos    int64 // of r in the file, while the header is read
	chunk  int64 // length the data chunk has by its own account, -1 when unknown
	buf    []byte
}

// NewDecoder reads up to the first sample. size is that of the file in bytes, or
// -1. If r is an io.Seeker, SeekSample works.
func NewDecoder(r io.Reader, size int64) (*Decoder, error) {
	d := &Decoder{r: r, length: -1}
	d.seeker, _ = r.(io.Seeker)
	if err := d.header(size); err != nil {
		return nil, err
	}
	if d.coding.convert == nil {
		return nil, fmt.Errorf("%w: no fmt chunk before the data", ErrFormat)
	}
	d.start, d.chunk = d.pos, d.length
	if left := size - d.start; size >= 0 && (d.length < 0 || d.length > left) {
		d.length = max(left, 0)
	}
	d.Samples = -1
	if d.length >= 0 {
		d.Samples = d.length / int64(d.coding.frame)
		d.length = d.Samples * int64(d.coding.frame)
	}
	d.buf = make([]byte, d.coding.frame*max(1, 8192/d.coding.frame))
	return d, nil
}

// Read decodes whole frames into dst, interleaved, and returns how many values it
// wrote. Data cut off in the middle of a frame is io.ErrUnexpectedEOF, data
// shorter than announced is not an error of its own.
func (d *Decoder) Read(dst []float32) (int, error) {
	want := min(len(dst)/d.Channels*d.coding.frame, len(d.buf))
	if d.length >= 0 {
		want = int(min(int64(want), d.length-d.at))
		if want == 0 && len(dst) >= d.Channels {
			return 0, io.EOF
		}
	}
	n, err := io.ReadFull(d.r, d.buf[:want])
	d.at += int64(n)
	whole := n / d.coding.frame * d.coding.frame
	values := d.coding.convert(dst, d.buf[:whole])
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && whole > 0:
		err = nil // the end is met again by the next Read
	case errors.Is(err, io.ErrUnexpectedEOF) && d.length < 0:
		err = io.EOF
	}
	return values, err
}

// SeekSample makes sample the next one to be read and returns it.
func (d *Decoder) SeekSample(sample int64) (int64, error) {
	if d.seeker == nil {
		return 0, errors.New("wav: the input cannot seek")
	}
	if d.Samples >= 0 {
		sample = min(sample, d.Samples)
	}
	d.at = sample * int64(d.coding.frame)
	_, err := d.seeker.Seek(d.start+d.at, io.SeekStart)
	return sample, err
}

// Tail reads List and ID3 from behind the audio, where some programs put them, and
// comes back to the first sample. It needs an io.Seeker.
func (d *Decoder) Tail() error {
	if d.chunk < 0 {
		return nil
	}
	d.pos = d.start
	if err := d.goTo(d.start + d.chunk + d.chunk&1); err != nil {
		return err
	}
	for range maxChunks {
		var h [8]byte
		if err := d.full(h[:]); err != nil {
			break // the end
		}
		n := int64(binary.LittleEndian.Uint32(h[4:]))
		id := string(h[:4])
		if id != "LIST" && id != "id3 " && id != "ID3 " {
			if d.skip(n+n&1) != nil {
				break
			}
			continue
		}
		body, err := d.body(n)
		if err != nil {
			break
		}
		if err := d.keep(id, body, new(int64)); err != nil {
			return err
		}
	}
	return d.goTo(d.start)
}

func (d *Decoder) goTo(pos int64) error {
	d.pos = pos
	_, err := d.seeker.Seek(pos, io.SeekStart)
	return err
}

// header reads the chunks up to the data:
//
//	"RIFF" size "WAVE" { id:4 size:4 LE, body, pad to even } … "data" size samples
//
// RF64 (EBU Tech 3306) has size 0xFFFFFFFF and the true ones in a ds64 chunk.
func (d *Decoder) header(size int64) error {
	var h [12]byte
	if err := d.full(h[:]); err != nil {
		return err
	}
	switch string(h[:4]) {
	case "RIFF", "RF64", "BW64":
	default:
		return ErrFormat
	}
	if string(h[8:]) != "WAVE" {
		return ErrFormat
	}
	long := int64(-1) // the data size of ds64
	for range maxChunks {
		if err := d.full(h[:8]); err != nil {
			return err
		}
		n := int64(binary.LittleEndian.Uint32(h[4:8]))
		switch id := string(h[:4]); id {
		case "data":
			d.length = n
			if n == unknownSize || n == 0 && size < 0 {
				d.length = long
			}
			return nil
		case "fmt ", "ds64", "LIST", "id3 ", "ID3 ":
			body, err := d.body(n)
			if err != nil {
				return err
			}
			if err := d.keep(id, body, &long); err != nil {
				return err
			}
		default:
			if err := d.skip(n + n&1); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("%w: too many chunks", ErrFormat)
}

func (d *Decoder) keep(id string, body []byte, long *int64) error {
	switch {
	case id == "fmt ":
		return d.format(body)
	case id == "ds64" && len(body) >= 24:
		if n := binary.LittleEndian.Uint64(body[8:]); n < 1<<62 {
			*long = int64(n)
		}
	case id == "LIST" && d.List == nil && bytes.HasPrefix(body, []byte("INFO")):
		d.List = body[4:]
	case (id == "id3 " || id == "ID3 ") && d.ID3 == nil:
		d.ID3 = body
	}
	return nil
}

// body reads a chunk's content, at most maxChunk of it; memory grows with what is
// really there.
func (d *Decoder) body(n int64) ([]byte, error) {
	kept := min(n, maxChunk)
	var b bytes.Buffer
	m, err := io.CopyN(&b, d.r, kept)
	d.pos += m
	if err != nil {
		return nil, short(err)
	}
	return b.Bytes(), d.skip(n + n&1 - kept)
}

func (d *Decoder) skip(n int64) error {
	if d.seeker != nil && n > 4096 {
		return d.goTo(d.pos + n)
	}
	m, err := io.CopyN(io.Discard, d.r, n)
	d.pos += m
	return short(err)
}

func (d *Decoder) full(b []byte) error {
	n, err := io.ReadFull(d.r, b)
	d.pos += int64(n)
	return short(err)
}

func short(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
