package wav

import (
	"encoding/binary"
	"fmt"
	"math"
)

// coding is how a file's samples are written.
type coding struct {
	frame   int // bytes of one sample of every channel
	convert func(dst []float32, src []byte) int
}

// Format tags (mmreg.h).
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagALaw       = 0x0006
	tagMuLaw      = 0x0007
	tagExtensible = 0xFFFE
)

// format reads a fmt chunk:
//
//	tag:2 channels:2 rate:4 bytes/s:4 frame:2 bits:2 [extra:2 valid bits:2 mask:4 sub-format GUID:16]
func (d *Decoder) format(b []byte) error {
	if len(b) < 16 {
		return fmt.Errorf("%w: fmt chunk of %d bytes", ErrFormat, len(b))
	}
	tag := binary.LittleEndian.Uint16(b)
	d.Channels = int(binary.LittleEndian.Uint16(b[2:]))
	d.Rate = int(binary.LittleEndian.Uint32(b[4:]))
	frame := int(binary.LittleEndian.Uint16(b[12:]))
	if tag == tagExtensible && len(b) >= 40 {
		d.Mask = binary.LittleEndian.Uint32(b[20:])
		tag = binary.LittleEndian.Uint16(b[24:]) // a GUID begins with the tag it stands for
	}
	if d.Channels == 0 || d.Channels > maxChannels || d.Rate == 0 || d.Rate > 1<<24 {
		return fmt.Errorf("%w: %d channels of %d Hz", ErrFormat, d.Channels, d.Rate)
	}
	if frame%d.Channels != 0 {
		return fmt.Errorf("%w: %d bytes for %d channels", ErrFormat, frame, d.Channels)
	}
	convert := converter(tag, frame/d.Channels)
	if convert == nil {
		return fmt.Errorf("%w: format %#04x with %d bytes per sample", ErrEncoding, tag, frame/d.Channels)
	}
	d.coding = coding{frame, convert}
	return nil
}

func converter(tag uint16, width int) func([]float32, []byte) int {
	switch {
	case tag == tagPCM && width == 1:
		return unsigned8
	case tag == tagPCM && width == 2:
		return signed16
	case tag == tagPCM && width == 3:
		return signed24
	case tag == tagPCM && width == 4:
		return signed32
	case tag == tagFloat && width == 4:
		return float32s
	case tag == tagFloat && width == 8:
		return float64s
	case tag == tagALaw && width == 1:
		return table(aLaw)
	case tag == tagMuLaw && width == 1:
		return table(muLaw)
	}
	return nil
}

func unsigned8(dst []float32, src []byte) int {
	for i, b := range src {
		dst[i] = (float32(b) - 128) / 128
	}
	return len(src)
}

func signed16(dst []float32, src []byte) int {
	n := len(src) / 2
	for i := range n {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) / (1 << 15)
	}
	return n
}

func signed24(dst []float32, src []byte) int {
	n := len(src) / 3
	for i := range n {
		v := int32(src[3*i])<<8 | int32(src[3*i+1])<<16 | int32(src[3*i+2])<<24
		dst[i] = float32(v>>8) / (1 << 23)
	}
	return n
}

func signed32(dst []float32, src []byte) int {
	n := len(src) / 4
	for i := range n {
		dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:]))) / (1 << 31)
	}
	return n
}

func float32s(dst []float32, src []byte) int {
	n := len(src) / 4
	for i := range n {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
	return n
}

func float64s(dst []float32, src []byte) int {
	n := len(src) / 8
	for i := range n {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
	return n
}

// table converts through the 256 values of a logarithmic code (ITU-T G.711).
func table(decode func(byte) int) func([]float32, []byte) int {
	var values [256]float32
	for i := range values {
		values[i] = float32(decode(byte(i))) / (1 << 15)
	}
	return func(dst []float32, src []byte) int {
		for i, b := range src {
			dst[i] = values[b]
		}
		return len(src)
	}
}

func muLaw(b byte) int {
	b = ^b
	v := (int(b&0x0F)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

func aLaw(b byte) int {
	b ^= 0x55
	v, exponent := int(b&0x0F)<<4+8, b>>4&7
	if exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if b&0x80 != 0 {
		return v
	}
	return -v
}
