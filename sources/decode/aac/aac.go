// Package aac decodes AAC-LC, mono and stereo: single access units, as MP4 has
// them, and ADTS streams.
//
// The samples come from go-aac; the package itself finds the frames of a stream,
// survives damaged ones and seeks. HE-AAC, other profiles and more channels are
// ErrUnsupported. It starts no goroutines.
package aac

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tphakala/go-aac/pcm"
)

// Errors of this package.
var (
	ErrFormat      = errors.New("aac: no AAC found")
	ErrUnsupported = errors.New("aac: unsupported AAC")
)

const (
	// FrameSamples is the number of samples per channel in every access unit.
	FrameSamples = 1024
	// maxUnit bounds an access unit: 6144 bits for each channel (ISO 14496-3
	// §4.5.3), and as much again for what encoders put in between.
	maxUnit = 4096
)

// Unit decodes access units one at a time. One goroutine uses it at a time.
type Unit struct {
	Rate, Channels int

	config []byte
	dec    *pcm.Decoder
	in     oneUnit
	proven bool // a unit was decoded
	out    [FrameSamples * 2 * 2]byte
}

// oneUnit is the stream go-aac reads: one unit behind its length, and no more
// until the next is put in.
type oneUnit struct {
	b    [2 + maxUnit]byte
	n    int
	read int
}

func (u *oneUnit) put(unit []byte) {
	binary.BigEndian.PutUint16(u.b[:], uint16(len(unit)))
	u.n, u.read = 2+copy(u.b[2:], unit), 0
}

func (u *oneUnit) Read(p []byte) (int, error) {
	if u.read == u.n {
		return 0, io.EOF
	}
	n := copy(p, u.b[u.read:u.n])
	u.read += n
	return n, nil
}

// NewUnit returns a decoder for units the given AudioSpecificConfig describes.
func NewUnit(config []byte) (*Unit, error) {
	u := &Unit{config: append([]byte{}, config...)}
	var err error
	if u.dec, err = pcm.NewDecoder(&u.in, pcm.WithRawStream(u.config)); err != nil {
		return nil, classify(err)
	}
	u.Rate, u.Channels = u.dec.Info().SampleRate, u.dec.Info().Channels
	if u.Channels < 1 || u.Channels > 2 {
		return nil, fmt.Errorf("%w: %d channels", ErrUnsupported, u.Channels)
	}
	return u, nil
}

// Decode writes the FrameSamples samples of unit to dst, interleaved, and returns
// the number of values. A damaged unit is silence; the error is ErrUnsupported for
// a first one that is good and more than AAC-LC.
func (u *Unit) Decode(dst []float32, unit []byte) (int, error) {
	values := FrameSamples * u.Channels
	err := ErrFormat
	if len(unit) <= maxUnit {
		u.in.put(unit)
		_, err = io.ReadFull(u.dec, u.out[:2*values])
	}
	if err != nil {
		if e := u.Reset(); e != nil {
			return 0, e
		}
		if err = classify(err); errors.Is(err, ErrUnsupported) && !u.proven {
			return 0, err
		}
		clear(dst[:values])
		return values, nil
	}
	u.proven = true
	for i := range values {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(u.out[2*i:]))) / (1 << 15)
	}
	return values, nil
}

// Reset forgets everything heard. The unit decoded next sounds whole only from its
// second half on.
func (u *Unit) Reset() error {
	u.in.n, u.in.read = 0, 0
	return classify(u.dec.Reset(&u.in, pcm.WithRawStream(u.config)))
}

func classify(err error) error {
	if errors.Is(err, pcm.ErrUnsupported) {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return err
}
