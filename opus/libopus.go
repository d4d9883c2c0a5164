//go:build cgo && !nolibopus && !layeh

package opus

/*
#cgo pkg-config: opus
#cgo noescape busker_encode
#cgo nocallback busker_encode
#cgo noescape opus_decode_float
#cgo nocallback opus_decode_float
#include <stdint.h>
#include <opus.h>

enum { busker_wild = -1000, busker_floats = 1920 };
typedef int32_t __attribute__((may_alias)) busker_bits;

// Looks for samples beyond the loudest (see wild.go) before libopus loses the block for
// them: 0.2 µs. The loop is of a kind that -O2 turns into vector instructions.
static int busker_encode(OpusEncoder *e, const float *pcm, int32_t loudest, unsigned char *dst, opus_int32 room) {
	const busker_bits *bits = (const busker_bits *)pcm;
	int wild = 0;
	for (int i = 0; i < busker_floats; i++) wild |= (bits[i] & 0x7FFFFFFF) > loudest;
	return wild ? busker_wild : opus_encode_float(e, pcm, busker_floats / 2, dst, room);
}

// cgo can not call variadic functions.
static int busker_encoder_set(OpusEncoder *e, int request, opus_int32 v) { return opus_encoder_ctl(e, request, v); }
static int busker_encoder_get(OpusEncoder *e, int request, opus_int32 *v) { return opus_encoder_ctl(e, request, v); }
static int busker_decoder_set(OpusDecoder *d, int request, opus_int32 v) { return opus_decoder_ctl(d, request, v); }
*/
import "C"

import (
	"errors"
	"fmt"

	"busker/audio"
)

var libopus = backend{
	Properties: Properties{
		Name: "libopus", Version: C.GoString(C.opus_get_version_string()),
		Prompt: true, Complexity: true, Float: true, Constrained: true,
	},
	newEncoder: newLibEncoder, newDecoder: newLibDecoder,
}

// libError is a negative result of a libopus call.
type libError int

func (e libError) Error() string { return "libopus: " + C.GoString(C.opus_strerror(C.int(e))) }

func libResult(code C.int) error {
	if code == C.OPUS_OK {
		return nil
	}
	return libError(code)
}

// libEncoder owns an OpusEncoder in C memory until Close.
type libEncoder struct {
	state     *C.OpusEncoder
	lookahead int
	scratch   *audio.Block // see tamed
}

func newLibEncoder() (Encoder, error) {
	var code C.int
	state := C.opus_encoder_create(audio.SampleRate, audio.Channels, C.OPUS_APPLICATION_AUDIO, &code)
	if code != C.OPUS_OK {
		return nil, libError(code)
	}
	e := &libEncoder{state: state}
	var lookahead C.opus_int32
	err := errors.Join(
		e.set(C.OPUS_SET_VBR_REQUEST, 1),
		e.set(C.OPUS_SET_VBR_CONSTRAINT_REQUEST, 1),
		libResult(C.busker_encoder_get(state, C.OPUS_GET_LOOKAHEAD_REQUEST, &lookahead)),
	)
	if err != nil {
		_ = e.Close()
		return nil, err
	}
	e.lookahead = int(lookahead)
	return e, nil
}

func (e *libEncoder) Encode(dst []byte, pcm *audio.Block) (int, error) {
	if e.state == nil {
		return 0, errClosed
	}
	if len(dst) == 0 {
		return 0, errNoRoom
	}
	room := min(len(dst), audio.MaxPacketBytes)
	n := e.encode(dst[:room], pcm)
	if n == C.busker_wild {
		n = e.encode(dst[:room], tamed(pcm, &e.scratch))
	}
	if n < 0 {
		return 0, fmt.Errorf("encode block: %w", libError(n))
	}
	return int(n), nil
}

// The loop in C counts on it.
var _ [C.busker_floats]float32 = audio.Block{}

func (e *libEncoder) encode(dst []byte, pcm *audio.Block) C.int {
	return C.busker_encode(e.state, (*C.float)(&pcm[0]), loudestBits, (*C.uchar)(&dst[0]), C.opus_int32(len(dst)))
}

func (e *libEncoder) SetBitrate(bps int) error {
	if err := checkBitrate(bps); err != nil {
		return err
	}
	return e.set(C.OPUS_SET_BITRATE_REQUEST, bps)
}

func (e *libEncoder) SetComplexity(c int) error {
	if err := checkComplexity(c); err != nil {
		return err
	}
	return e.set(C.OPUS_SET_COMPLEXITY_REQUEST, c)
}

func (e *libEncoder) Lookahead() int { return e.lookahead }

func (e *libEncoder) Reset() error { return e.set(C.OPUS_RESET_STATE, 0) }

func (e *libEncoder) Close() error {
	if e.state != nil {
		C.opus_encoder_destroy(e.state)
		e.state = nil
	}
	return nil
}

func (e *libEncoder) set(request, v int) error {
	if e.state == nil {
		return errClosed
	}
	return libResult(C.busker_encoder_set(e.state, C.int(request), C.opus_int32(v)))
}

// libDecoder owns an OpusDecoder in C memory until Close.
type libDecoder struct{ state *C.OpusDecoder }

func newLibDecoder(gain int) (Decoder, error) {
	var code C.int
	state := C.opus_decoder_create(audio.SampleRate, audio.Channels, &code)
	if code != C.OPUS_OK {
		return nil, libError(code)
	}
	d := &libDecoder{state: state}
	if err := d.set(C.OPUS_SET_GAIN_REQUEST, gain); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func (d *libDecoder) Decode(dst []float32, packet []byte) (int, error) {
	if d.state == nil {
		return 0, errClosed
	}
	if err := checkRoom(dst, packet); err != nil {
		return 0, err
	}
	samples, first := audio.FrameSamples, (*C.uchar)(nil)
	if len(packet) > 0 {
		samples, first = min(len(dst)/audio.Channels, MaxPacketSamples), (*C.uchar)(&packet[0])
	}
	n := C.opus_decode_float(d.state, first, C.opus_int32(len(packet)), (*C.float)(&dst[0]), C.int(samples), 0)
	if n < 0 {
		return 0, corrupt(libError(n))
	}
	return int(n), nil
}

func (d *libDecoder) Reset() error { return d.set(C.OPUS_RESET_STATE, 0) }

func (d *libDecoder) Close() error {
	if d.state != nil {
		C.opus_decoder_destroy(d.state)
		d.state = nil
	}
	return nil
}

func (d *libDecoder) set(request, v int) error {
	if d.state == nil {
		return errClosed
	}
	return libResult(C.busker_decoder_set(d.state, C.int(request), C.opus_int32(v)))
}
