package conn

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// errTooLarge is of a message that is larger than we care to read. The stream goes on
// after it.
var errTooLarge = errors.New("message too large")

// inflater unpacks the messages of one connection, in order.
type inflater interface {
	// inflate returns the text of a message, which is valid until the next call; whole
	// is false while more has to come. Texts of more than most bytes are errTooLarge,
	// after any other error the stream is lost.
	inflate(message []byte, most int) (text []byte, whole bool, err error)
	close()
}

var newInflater = map[string]func() inflater{
	None: func() inflater { return plain{} },
	Zlib: func() inflater { return &zlibStream{} },
	Zstd: func() inflater { return &zstdStream{} },
}

// plain messages are their own text.
type plain struct{}

func (plain) inflate(message []byte, _ int) ([]byte, bool, error) { return message, true, nil }
func (plain) close()                                              {}

// chunk is how much is unpacked at once: at least a whole block of zstd, which has
// 128 KiB, and the window of deflate, so that nothing stays behind in the decoder when
// the input is used up.
const chunk = 128 << 10

// unpacked collects the text of a message.
type unpacked struct {
	text []byte
	lost bool // it is larger than most
}

// add reads once from r, and returns what it read, valid until the next add. What
// exceeds most is not kept.
func (u *unpacked) add(r io.Reader, most int) ([]byte, error) {
	have := len(u.text)
	u.text = slices.Grow(u.text, chunk)
	n, err := r.Read(u.text[have : have+chunk])
	piece := u.text[have : have+n]
	u.text = u.text[:have+n]
	if len(u.text) > most {
		u.text, u.lost = u.text[:0], true
	}
	return piece, err
}

func (u *unpacked) reset() { u.text, u.lost = trim(u.text)[:0], false }

func (u *unpacked) result() ([]byte, bool, error) {
	if u.lost {
		return nil, false, errTooLarge
	}
	return u.text, true, nil
}

// zstdStream is one zstd frame for the whole connection, flushed after every message:
// each is some whole blocks.
type zstdStream struct {
	in  bytes.Reader
	z   *zstd.Decoder
	out unpacked
}

func (s *zstdStream) inflate(message []byte, most int) ([]byte, bool, error) {
	s.in.Reset(message)
	s.out.reset()
	if s.z == nil {
		// With one decoder it reads no more of its input than the block it returns, on
		// the caller's goroutine.
		z, err := zstd.NewReader(&s.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecodeBuffersBelow(0))
		if err != nil {
			return nil, false, err
		}
		s.z = z
	}
	for s.in.Len() > 0 {
		if _, err := s.out.add(s.z, most); err != nil {
			return nil, false, err
		}
	}
	return s.out.result()
}

// maxWindow is what a connection's decoder may have to remember. zstd asks that 8 MiB
// be supported.
const maxWindow = 8 << 20

func (s *zstdStream) close() {
	if s.z != nil {
		s.z.Close()
	}
}

// zlibStream is one zlib stream for the whole connection (RFC 1950). The end of a
// message is a sync flush, whose last bytes say so; until they come the message goes on
// in the next.
type zlibStream struct {
	begun  bool
	packed []byte // of messages that are not whole
	in     bytes.Reader
	z      io.Reader
	window []byte // the newest text, to which what follows refers
	out    unpacked
}

var (
	syncFlush = []byte{0x00, 0x00, 0xff, 0xff}
	errHeader = errors.New("not a zlib stream")
)

const (
	zlibHeader  = 2
	zlibDeflate = 8 // the method, in the low half of the first byte
	zlibWindow  = 32 << 10
)

func (s *zlibStream) inflate(message []byte, most int) ([]byte, bool, error) {
	if len(s.packed)+len(message) > most {
		return nil, false, errors.New("packed message too large")
	}
	if len(s.packed) > 0 || !bytes.HasSuffix(message, syncFlush) {
		s.packed = append(s.packed, message...)
		message = s.packed
	}
	if !bytes.HasSuffix(message, syncFlush) {
		return nil, false, nil
	}
	if !s.begun {
		if len(message) < zlibHeader || message[0]&0x0f != zlibDeflate {
			return nil, false, errHeader
		}
		message, s.begun = message[zlibHeader:], true
	}
	err := s.unpack(message, most)
	s.packed = trim(s.packed)[:0]
	if err != nil {
		return nil, false, err
	}
	return s.out.result()
}

// unpack reads up to the flush. A flush ends at a whole byte, so that the next message
// can be unpacked by itself, given the window.
func (s *zlibStream) unpack(message []byte, most int) error {
	s.in.Reset(message)
	s.out.reset()
	if s.z == nil {
		s.z = flate.NewReaderDict(&s.in, s.window)
	} else if err := s.z.(flate.Resetter).Reset(&s.in, s.window); err != nil {
		return err
	}
	for {
		piece, err := s.out.add(s.z, most)
		s.remember(piece)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF): // the input is used up
			return nil
		case err != nil:
			return err
		}
	}
}

// remember keeps the end of the text.
func (s *zlibStream) remember(text []byte) {
	s.window = append(s.window, text...)
	if over := len(s.window) - zlibWindow; over > 0 {
		s.window = slices.Delete(s.window, 0, over)
	}
}

func (s *zlibStream) close() {}
