package aac

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Options of a Stream.
type Options struct {
	Size int64 // of the input in bytes, -1 when unknown
	// Guess makes SeekSample estimate where a sample lies instead of walking there.
	Guess bool
}

// Stream reads an ADTS stream. One goroutine uses it at a time.
type Stream struct {
	// Samples per channel, estimated from the size of the first frames; 0 unknown.
	Samples int64

	opts    Options
	unit    *Unit
	buf     *bufio.Reader
	seeker  io.Seeker
	pos     int64 // of the next byte in the input
	start   int64 // of the first frame
	first   header
	sync    bool
	mean    float64 // bytes per frame
	pcm     [FrameSamples * 2]float32
	pending []float32
	skip    int64 // samples to drop
}

// NewStream reads the first frame. If r is an io.Seeker, SeekSample works.
func NewStream(r io.Reader, opts Options) (*Stream, error) {
	s := &Stream{opts: opts, buf: bufio.NewReaderSize(r, 32<<10)}
	s.seeker, _ = r.(io.Seeker)
	h, frame, err := s.peek()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if h.blocks > 1 {
		return nil, fmt.Errorf("%w: %d units in a frame", ErrUnsupported, h.blocks)
	}
	if s.unit, err = NewUnit(h.config()); err != nil {
		return nil, err
	}
	s.first, s.start = h, s.pos
	n, err := s.unit.Decode(s.pcm[:], frame[h.offset:]) // only this shows whether it is HE-AAC
	if err != nil {
		return nil, err
	}
	s.pending = s.pcm[:n]
	s.measure()
	s.step(h)
	return s, nil
}

// measure estimates the length from the frames within reach. Of a stream of unknown
// size nothing follows from them, and it may be slow to send them.
func (s *Stream) measure() {
	if s.opts.Size < 0 {
		return
	}
	b, _ := s.buf.Peek(s.buf.Size())
	n, used := 0, 0
	for {
		h, ok := parseHeader(b[used:])
		if !ok || used+h.size > len(b) {
			break
		}
		n++
		used += h.size
	}
	if n == 0 {
		return
	}
	s.mean = float64(used) / float64(n)
	s.Samples = int64(float64(s.opts.Size-s.start)/s.mean) * FrameSamples
}

// Rate is the sample rate in hertz.
func (s *Stream) Rate() int { return s.unit.Rate }

// Channels is how many are interleaved.
func (s *Stream) Channels() int { return s.unit.Channels }

// Read decodes into dst, whole samples of all channels, and returns the number of
// values. io.EOF follows the last frame, io.ErrUnexpectedEOF one that is cut off.
func (s *Stream) Read(dst []float32) (int, error) {
	for len(s.pending) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(dst[:len(dst)/s.Channels()*s.Channels()], s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

func (s *Stream) next() error {
	h, frame, err := s.peek()
	if err != nil {
		return err
	}
	if !h.like(s.first) { // a radio may change its mind between two songs
		if err := s.change(h); err != nil {
			return err
		}
	}
	n, err := s.unit.Decode(s.pcm[:], frame[h.offset:])
	if err != nil {
		return err
	}
	s.step(h)
	drop := min(s.skip, FrameSamples)
	s.skip -= drop
	s.pending = s.pcm[int(drop)*s.Channels() : n]
	return nil
}

func (s *Stream) change(h header) error {
	unit, err := NewUnit(h.config())
	if err != nil {
		return err
	}
	s.unit, s.first = unit, h
	return nil
}

// peek returns the next whole frame; step goes behind it. What is no frame is skipped.
func (s *Stream) peek() (header, []byte, error) {
	cut := false
	for {
		b, err := s.buf.Peek(headerBytes)
		if len(b) < headerBytes {
			if (cut || len(b) > 0 && s.sync) && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return header{}, nil, err
		}
		if h, ok := parseHeader(b); ok {
			frame, err := s.buf.Peek(h.size)
			switch {
			case err != nil && !errors.Is(err, io.EOF):
				return header{}, nil, err
			case len(frame) < h.size:
				cut = true
			case s.sync && h.like(s.first):
				return h, frame, nil
			case s.confirmed(h):
				frame, err = s.buf.Peek(h.size) // looking further has moved it
				return h, frame, err
			}
		}
		s.sync = false
		s.discard(1)
	}
}

// step goes behind the frame peek returned.
func (s *Stream) step(h header) {
	s.discard(h.size)
	s.sync = true
}

// confirmed reports whether another frame of the stream follows h, or the end.
func (s *Stream) confirmed(h header) bool {
	b, err := s.buf.Peek(h.size + headerBytes)
	if len(b) == h.size && errors.Is(err, io.EOF) {
		return true
	}
	if len(b) < h.size+headerBytes {
		return false
	}
	following, ok := parseHeader(b[h.size:])
	return ok && following.like(h)
}

func (s *Stream) discard(n int) {
	n, _ = s.buf.Discard(n)
	s.pos += int64(n)
}

// SeekSample makes Read go on at the given sample, or near it where Options.Guess was
// set, and returns it.
func (s *Stream) SeekSample(sample int64) (int64, error) {
	if s.seeker == nil {
		return 0, errors.New("aac: the input cannot seek")
	}
	// A unit sounds whole only after the one before it.
	frame := max(sample/FrameSamples-1, 0)
	offset := s.start
	if s.opts.Guess && s.mean > 0 {
		offset += int64(float64(frame) * s.mean)
		if s.opts.Size >= 0 {
			offset = min(offset, s.opts.Size)
		}
	}
	if _, err := s.seeker.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	s.buf.Reset(s.seeker.(io.Reader))
	s.pos, s.sync, s.pending = offset, false, nil
	if err := s.unit.Reset(); err != nil {
		return 0, err
	}
	if !s.opts.Guess {
		if err := s.walk(frame); err != nil {
			return 0, err
		}
	}
	s.skip = sample - frame*FrameSamples
	return sample, nil
}

// walk steps over n frames, or to the end.
func (s *Stream) walk(n int64) error {
	for range n {
		h, _, err := s.peek()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.step(h)
	}
	return nil
}
