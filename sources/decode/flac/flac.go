// Package flac decodes FLAC (RFC 9639) to interleaved floats.
//
// It reads native FLAC streams of any bit depth, finds its way back after damage
// and to any sample of seekable input. It allocates nothing per frame and starts
// no goroutines.
package flac

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFormat means the content is not FLAC or breaks its rules before any audio.
var ErrFormat = errors.New("flac: invalid stream")

// Bounds of what is taken from a stream's metadata.
const (
	maxBlocks  = 1024
	maxComment = 4 << 20
	maxPicture = 4 << 20
	maxPoints  = 1 << 16 // seek points
)

// Metadata block types (RFC 9639 §8.1).
const (
	blockStreamInfo = 0
	blockSeekTable  = 3
	blockComment    = 4
	blockPicture    = 6
)

// Decoder reads one stream. One goroutine uses it at a time.
type Decoder struct {
	Rate, Channels int
	Samples        int64    // per channel, 0 when unknown
	Comment        []byte   // the VORBIS_COMMENT block, nil when there is none
	Pictures       [][]byte // PICTURE blocks

	info   info
	points []point
	window window
	seeker io.Seeker
	start  int64 // of the first frame in the input, in bytes
	size   int64 // of the input, -1 when unknown

	frame  frame
	ready  []int32 // decoded, interleaved
	used   int     // of ready
	scale  float32
	sample int64 // number of the next sample Read returns
}

// info is the STREAMINFO block (RFC 9639 §8.2).
type info struct {
	maxBlock, maxFrame int // samples per channel, bytes
	rate, channels     int
	bits               int
}

// point is a seek point: the first sample of a frame and where the frame begins,
// counted from the first frame.
type point struct{ sample, offset int64 }

// NewDecoder reads the metadata. size is that of the input in bytes, -1 when
// unknown. If r is an io.Seeker, SeekSample works.
func NewDecoder(r io.Reader, size int64) (*Decoder, error) {
	d := &Decoder{size: size}
	d.window.r = r
	d.seeker, _ = r.(io.Seeker)
	if err := d.metadata(); err != nil {
		return nil, err
	}
	d.start = d.window.offset()
	d.scale = 1 / float32(int64(1)<<(d.info.bits-1))
	return d, nil
}

func (d *Decoder) metadata() error {
	b, err := d.window.take(4)
	if err != nil {
		return err
	}
	if string(b) != "fLaC" {
		return fmt.Errorf("%w: no signature", ErrFormat)
	}
	for i := range maxBlocks {
		h, err := d.window.take(4)
		if err != nil {
			return err
		}
		last, kind := h[0]&0x80 != 0, h[0]&0x7F
		length := int(h[1])<<16 | int(h[2])<<8 | int(h[3])
		if i == 0 && kind != blockStreamInfo {
			return fmt.Errorf("%w: no stream info", ErrFormat)
		}
		if err := d.block(kind, length); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
	return fmt.Errorf("%w: too much metadata", ErrFormat)
}

func (d *Decoder) block(kind byte, length int) error {
	keep := map[byte]int{blockStreamInfo: 1 << 10, blockSeekTable: 18 * maxPoints, blockComment: maxComment, blockPicture: maxPicture}
	if limit, ok := keep[kind]; !ok || length > limit {
		return d.window.skip(length)
	}
	b, err := d.window.take(length)
	if err != nil {
		return err
	}
	switch kind {
	case blockStreamInfo:
		return d.streamInfo(b)
	case blockSeekTable:
		d.seekTable(b)
	case blockComment:
		if d.Comment == nil {
			d.Comment = append([]byte{}, b...)
		}
	case blockPicture:
		if len(d.Pictures) < 4 {
			d.Pictures = append(d.Pictures, append([]byte{}, b...))
		}
	}
	return nil
}

// streamInfo reads
//
//	min block:16 max block:16 min frame:24 max frame:24 rate:20 channels-1:3 bits-1:5 samples:36 MD5:128
func (d *Decoder) streamInfo(b []byte) error {
	if len(b) < 34 {
		return fmt.Errorf("%w: stream info of %d bytes", ErrFormat, len(b))
	}
	packed := binary.BigEndian.Uint64(b[10:])
	d.info = info{
		maxBlock: int(binary.BigEndian.Uint16(b[2:])),
		maxFrame: int(b[7])<<16 | int(b[8])<<8 | int(b[9]),
		rate:     int(packed >> 44),
		channels: int(packed>>41&7) + 1,
		bits:     int(packed>>36&31) + 1,
	}
	d.Rate, d.Channels, d.Samples = d.info.rate, d.info.channels, int64(packed&(1<<36-1))
	if d.info.rate == 0 || d.info.bits < 4 {
		return fmt.Errorf("%w: %d bits at %d Hz", ErrFormat, d.info.bits, d.info.rate)
	}
	return nil
}

func (d *Decoder) seekTable(b []byte) {
	const placeholder = 1<<64 - 1
	for ; len(b) >= 18; b = b[18:] {
		sample, offset := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		if sample != placeholder && sample < 1<<36 && offset < 1<<48 {
			d.points = append(d.points, point{int64(sample), int64(offset)})
		}
	}
}

// Read decodes into dst, interleaved, whole samples of all channels, and returns
// the number of values. Damaged frames are left out. io.EOF follows the last
// frame, io.ErrUnexpectedEOF a frame that is cut off.
func (d *Decoder) Read(dst []float32) (int, error) {
	if d.used == len(d.ready) {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n := min(len(dst)/d.Channels*d.Channels, len(d.ready)-d.used)
	for i, v := range d.ready[d.used : d.used+n] {
		dst[i] = float32(v) * d.scale
	}
	d.used += n
	d.sample += int64(n / d.Channels)
	return n, nil
}

// maxWaste bounds the bytes parsed in vain for one good frame: crafted headers
// could otherwise make every byte of a file cost megabytes of work.
const maxWaste = 32 << 20

// next decodes the next good frame into ready.
func (d *Decoder) next() error {
	cut, waste := false, 0
	for {
		err := d.sync()
		if errors.Is(err, io.EOF) && cut {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if err = d.parse(); err == nil {
			d.ready, d.used = d.frame.interleaved, 0
			d.sample = d.frame.first
			return nil
		}
		cut = cut || errors.Is(err, errShort)
		if waste += d.frame.bits.at; waste > maxWaste {
			return fmt.Errorf("%w: nothing but damage", ErrFormat)
		}
		d.window.drop(1) // look for the next frame behind the first byte of this one
	}
}

// sync moves the window to the next plausible frame header.
func (d *Decoder) sync() error {
	for {
		if err := d.window.need(maxHeader); err != nil {
			return err
		}
		b := d.window.bytes()
		if len(b) == 0 {
			return io.EOF
		}
		i := findSync(b)
		d.window.drop(i)
		if len(b)-i >= 2 {
			var h header
			if _, err := h.parse(d.window.bytes(), d.info); err == nil {
				return nil
			} else if errors.Is(err, errShort) {
				if d.window.ended {
					d.window.drop(len(d.window.bytes()))
				} else if err := d.window.need(len(d.window.bytes()) + maxHeader); err != nil {
					return err
				}
				continue
			}
			d.window.drop(1)
		} else if d.window.ended {
			d.window.drop(len(d.window.bytes()))
		}
	}
}

// parse decodes the frame at the front of the window, reading on until it is whole.
func (d *Decoder) parse() error {
	need := max(d.info.maxFrame, 16<<10)
	for {
		if err := d.window.need(need); err != nil {
			return err
		}
		n, err := d.frame.parse(d.window.bytes(), d.info)
		switch {
		case err == nil:
			d.window.drop(n)
			return nil
		case !errors.Is(err, errShort), d.window.ended, need >= maxFrameBytes:
			return err
		}
		need *= 2
	}
}

// findSync returns the index of the first frame sync code, or that of the last
// byte of b when there is none: the code may go on behind it.
func findSync(b []byte) int {
	for i := 0; i+1 < len(b); i++ {
		if b[i] == 0xFF && b[i+1]&0xFE == 0xF8 {
			return i
		}
	}
	if b[len(b)-1] != 0xFF {
		return len(b)
	}
	return len(b) - 1
}
