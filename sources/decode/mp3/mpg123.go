//go:build cgo && !nompg123

package mp3

/*
#cgo pkg-config: libmpg123
#include <mpg123.h>

// open makes h ready for whole frames of any stereo or mono stream.
static int busker_mp3_open(mpg123_handle *h) {
	int err = mpg123_param(h, MPG123_FLAGS, MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_FORCE_STEREO |
		MPG123_IGNORE_INFOFRAME | MPG123_SKIP_ID3V2 | MPG123_NO_READAHEAD, 0);
	if (err == MPG123_OK) err = mpg123_param(h, MPG123_REMOVE_FLAGS, MPG123_GAPLESS | MPG123_AUTO_RESAMPLE, 0);
	if (err == MPG123_OK) err = mpg123_open_feed(h);
	return err;
}

// decode feeds one frame and takes what comes out of it. A message in between,
// such as that the format is known now, asks for another call without input.
static int busker_mp3_decode(mpg123_handle *h, const unsigned char *frame, size_t size,
		void *out, size_t room, size_t *done) {
	size_t total = 0, part = 0;
	int err = mpg123_decode(h, frame, size, out, room, &part);
	total += part;
	for (int i = 0; i < 4 && (err == MPG123_NEW_FORMAT || (err == MPG123_OK && total < room)); i++) {
		part = 0;
		err = mpg123_decode(h, NULL, 0, (char *)out + total, room - total, &part);
		total += part;
	}
	*done = total;
	return err;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Codec names what decodes the frames in this build.
const Codec = "libmpg123"

type mpg123 struct{ handle *C.mpg123_handle }

func newCodec(header) (codec, error) {
	var code C.int
	h := C.mpg123_new(nil, &code)
	if h == nil {
		return nil, fmt.Errorf("mp3: new decoder: %s", C.GoString(C.mpg123_plain_strerror(code)))
	}
	m := &mpg123{h}
	if err := m.reset(); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *mpg123) reset() error {
	if code := C.busker_mp3_open(m.handle); code != C.MPG123_OK {
		return fmt.Errorf("mp3: open decoder: %s", C.GoString(C.mpg123_plain_strerror(code)))
	}
	return nil
}

func (m *mpg123) decode(dst []float32, frame []byte) (int, error) {
	if m.handle == nil {
		return 0, errors.New("mp3: the decoder is closed")
	}
	var done C.size_t
	code := C.busker_mp3_decode(m.handle, (*C.uchar)(unsafe.Pointer(&frame[0])), C.size_t(len(frame)),
		unsafe.Pointer(&dst[0]), C.size_t(len(dst)*4), &done)
	if code == C.MPG123_ERR { // a frame beyond repair; what follows may be good
		return 0, m.reset()
	}
	return int(done) / 4, nil
}

func (m *mpg123) close() {
	C.mpg123_delete(m.handle)
	m.handle = nil
}
