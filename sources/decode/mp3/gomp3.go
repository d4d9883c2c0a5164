//go:build !cgo || nompg123

package mp3

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	gomp3 "github.com/hajimehoshi/go-mp3"
)

// Codec names what decodes the frames in this build.
const Codec = "go-mp3"

// goMP3 feeds go-mp3 frame by frame through a buffer: its decoder asks for the
// next bytes where it got io.EOF before.
type goMP3 struct {
	in  bytes.Buffer
	dec *gomp3.Decoder
	out [maxFrameSamples * Channels * 2]byte
}

// newCodec takes MPEG-1 only: go-mp3 decodes the lower sample rates of MPEG-2 to
// noise (correlation with libmpg123 0.4) and none of MPEG-2.5.
func newCodec(h header) (codec, error) {
	if h.layer != 3 || h.version > 1 {
		return nil, fmt.Errorf("%w: layer %d of version %d", ErrUnsupported, h.layer, h.version)
	}
	return &goMP3{}, nil
}

func (g *goMP3) reset() error {
	g.dec = nil
	g.in.Reset()
	return nil
}

// bareReader keeps go-mp3 from looking for more than Read.
type bareReader struct{ io.Reader }

func (g *goMP3) decode(dst []float32, frame []byte) (n int, err error) {
	defer func() {
		if recover() != nil { // it trusts its input; a broken frame is a lost one
			n, err = 0, g.reset()
		}
	}()
	g.in.Write(frame)
	if g.dec == nil {
		if g.dec, err = gomp3.NewDecoder(bareReader{&g.in}); err != nil {
			return 0, g.reset()
		}
	}
	m, err := io.ReadFull(g.dec, g.out[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, g.reset()
	}
	for i := range m / 2 {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(g.out[2*i:]))) / (1 << 15)
	}
	return m / 2, nil
}

func (g *goMP3) close() { g.dec = nil }
