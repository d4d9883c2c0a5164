package remote

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

const (
	// packFrom is how many bytes are worth compressing: a queue of ten tracks.
	packFrom = 4 << 10
	// maxUnpacked bounds what is unpacked: ten times the longest queue.
	maxUnpacked = 64 << 20
)

var (
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	packer    = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)))
	unpacker  = must(zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderConcurrency(1)))
)

// The packer makes its channel with the first use: here, so that nobody's test has it in a
// bubble of synthetic time.
var _ = packer.EncodeAll([]byte{0}, nil)

// pack makes large JSON small: that of a long queue becomes a tenth.
func pack(b []byte) []byte {
	if len(b) < packFrom {
		return b
	}
	return packer.EncodeAll(b, nil)
}

// unpack takes back pack.
func unpack(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, zstdMagic) {
		return b, nil
	}
	b, err := unpacker.DecodeAll(b, nil)
	if err != nil {
		return nil, damaged(fmt.Errorf("unpack: %w", err))
	}
	return b, nil
}

// must is for what fails only when its options are wrong.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
