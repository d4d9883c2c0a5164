package ogg

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Head is the identification header of an Opus stream (RFC 7845 §5.1).
//
//	 0          8       9          10         12           16     18       19
//	+----------+-------+----------+----------+------------+------+--------+---------+
//	| OpusHead | 1     | channels | pre-skip | input rate | gain | family | mapping |
//	+----------+-------+----------+----------+------------+------+--------+---------+
//	 little endian; mapping only when family is not 0: streams, coupled, one byte per channel
type Head struct {
	Channels   int // 1..255
	PreSkip    int // samples at 48 kHz to drop from the decoder's first output
	InputRate  int // hertz of what was encoded, 0 unknown; decoding is always at 48 kHz
	OutputGain int // to apply to the decoder's output, in 1/256 dB
	Family     int // channel mapping: 0 mono or stereo, 1 Vorbis order up to 8, 255 none
	Streams    int // Opus streams in a packet
	Coupled    int // how many of them are stereo
	Mapping    []byte
}

const headMagic = "OpusHead"

// ParseHead reads the packet of an identification header. The same bytes are the
// CodecPrivate of a Matroska track.
func ParseHead(b []byte) (Head, error) {
	if len(b) < 19 || string(b[:8]) != headMagic {
		return Head{}, corrupt(errors.New("not an OpusHead"))
	}
	if b[8]>>4 != 0 { // major version
		return Head{}, unsupported(fmt.Errorf("OpusHead version %d", b[8]))
	}
	h := Head{
		Channels:   int(b[9]),
		PreSkip:    int(binary.LittleEndian.Uint16(b[10:])),
		InputRate:  int(binary.LittleEndian.Uint32(b[12:])),
		OutputGain: int(int16(binary.LittleEndian.Uint16(b[16:]))),
		Family:     int(b[18]),
	}
	if h.Channels == 0 {
		return Head{}, corrupt(errors.New("OpusHead without channels"))
	}
	if h.Family == 0 {
		if h.Channels > 2 {
			return Head{}, corrupt(fmt.Errorf("%d channels in mapping family 0", h.Channels))
		}
		h.Streams, h.Coupled = 1, h.Channels-1
		return h, nil
	}
	return h, h.parseMapping(b[19:])
}

func (h *Head) parseMapping(b []byte) error {
	if len(b) < 2+h.Channels {
		return corrupt(errors.New("OpusHead cut off in its channel mapping"))
	}
	h.Streams, h.Coupled = int(b[0]), int(b[1])
	h.Mapping = append([]byte(nil), b[2:2+h.Channels]...)
	if h.Streams == 0 || h.Coupled > h.Streams || h.Streams+h.Coupled > 255 {
		return corrupt(fmt.Errorf("%d streams, %d of them coupled", h.Streams, h.Coupled))
	}
	for _, m := range h.Mapping {
		if int(m) >= h.Streams+h.Coupled && m != 255 {
			return corrupt(fmt.Errorf("channel mapped to stream %d", m))
		}
	}
	return nil
}

// Append appends the header as bytes to dst.
func (h Head) Append(dst []byte) []byte {
	dst = append(dst, headMagic...)
	dst = append(dst, 1, byte(h.Channels))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(h.PreSkip))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.InputRate))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(h.OutputGain))
	dst = append(dst, byte(h.Family))
	if h.Family != 0 {
		dst = append(dst, byte(h.Streams), byte(h.Coupled))
		dst = append(dst, h.Mapping...)
	}
	return dst
}
