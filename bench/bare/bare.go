//go:build cgo && !nolibopus && !layeh

// Package bare encodes with libopus in a loop of C, without any Go between two frames:
// the floor our own encode path is measured against.
package bare

/*
#cgo pkg-config: opus
#include <opus.h>
#include <time.h>

static long busker_cpu(void) {
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

// Encodes frames of 960 stereo samples and returns the nanoseconds of CPU it took, or
// a negative error of libopus.
static long busker_bare_encode(OpusEncoder *e, const float *pcm, int frames, unsigned char *out, int room) {
	long start = busker_cpu();
	for (int i = 0; i < frames; i++) {
		int n = opus_encode_float(e, pcm + (long)i * 960 * 2, 960, out, room);
		if (n < 0)
			return n;
	}
	return busker_cpu() - start;
}

static OpusEncoder *busker_bare_new(int bitrate, int complexity, int *err) {
	OpusEncoder *e = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, err);
	if (*err == OPUS_OK)
		*err = opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
	if (*err == OPUS_OK)
		*err = opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity));
	if (*err == OPUS_OK)
		*err = opus_encoder_ctl(e, OPUS_SET_VBR(1));
	if (*err == OPUS_OK)
		*err = opus_encoder_ctl(e, OPUS_SET_VBR_CONSTRAINT(1));
	return e;
}
*/
import "C"

import (
	"fmt"
	"time"

	"busker/audio"
)

// Available says that this build has libopus to compare with.
const Available = true

// Encoder is a bare OpusEncoder. It must be Closed.
type Encoder struct{ state *C.OpusEncoder }

// New makes one with the settings our own encoder has.
func New(bitrate, complexity int) (*Encoder, error) {
	var code C.int
	e := C.busker_bare_new(C.int(bitrate), C.int(complexity), &code)
	if code != C.OPUS_OK {
		return nil, fmt.Errorf("bare encoder: %d", int(code))
	}
	return &Encoder{e}, nil
}

// Encode encodes the blocks in one call of C and returns the processor time it took.
func (e *Encoder) Encode(blocks []audio.Block) (time.Duration, error) {
	var packet [audio.MaxPacketBytes]byte
	ns := C.busker_bare_encode(e.state, (*C.float)(&blocks[0][0]), C.int(len(blocks)), (*C.uchar)(&packet[0]), audio.MaxPacketBytes)
	if ns < 0 {
		return 0, fmt.Errorf("bare encode: %d", int(ns))
	}
	return time.Duration(ns), nil
}

// Close frees it.
func (e *Encoder) Close() { C.opus_encoder_destroy(e.state) }
