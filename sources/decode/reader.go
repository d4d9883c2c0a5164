package decode

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
)

// stream is decoded PCM as the content has it.
type stream interface {
	// Read decodes whole frames into dst, interleaved, and returns the number of
	// values. It ends with io.EOF, or with io.ErrUnexpectedEOF where it can tell
	// that the content was cut off; anything else means damage.
	Read(dst []float32) (int, error)
	// Format is that of what the last Read returned. It may change between two
	// Reads, never within one.
	Format() format
	// SeekSample makes Read go on at the returned sample, which is not after the
	// one asked for. It is called before the first Read and on seekable content only.
	SeekSample(sample int64) (int64, error)
	Close() error
}

// format is the shape of PCM.
type format struct {
	rate, channels int
	layout         dsp.Layout
}

func (f format) check() error {
	switch {
	case f.channels < 1 || f.channels > dsp.MaxChannels:
		return fault.Newf(fault.Unsupported, "Audio with %d channels cannot be played.", f.channels)
	case f.rate < dsp.MinRate || f.rate > dsp.MaxRate:
		return fault.Newf(fault.Unsupported, "Audio with a sample rate of %d Hz cannot be played.", f.rate)
	}
	return nil
}

// chunkFrames is how much is mixed at a time, in samples per channel.
const chunkFrames = audio.FrameSamples

// reader turns a stream into blocks: two channels, 48 kHz, 20 ms at a time.
type reader struct {
	content *content
	name    string // of the format, for messages
	stream  stream
	closed  atomic.Bool

	mu        sync.Mutex // held by ReadBlock, and by Close once it has ended the read
	format    format
	native    []float32 // as decoded
	rest      []float32 // part of native not mixed yet
	stereo    []float32 // the same with two channels; nil while native has them
	todo      []float32 // part of it not resampled yet
	resampler *dsp.Resampler
	out       []float32 // at 48 kHz; nil while native is
	ready     []float32 // what is not handed out yet
	skip      int64     // frames to drop at the stream's rate
	tail      int       // samples of the last block that are padding
	decoded   bool      // something was decoded
	sought    bool      // the stream was told to begin in the middle
	ended     error     // of the stream
	err       error     // of the Reader, final
}

func newReader(c *content, name string, s stream) *reader {
	return &reader{content: c, name: name, stream: s}
}

// ReadBlock implements audio.Reader.
func (r *reader) ReadBlock(b *audio.Block) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return fmt.Errorf("read %s: %w", r.name, errClosed)
	}
	return r.block(b)
}

func (r *reader) block(b *audio.Block) error {
	n := 0
	for n < len(b) {
		if err := r.fill(); err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				break
			}
			return err
		}
		m := copy(b[n:], r.ready)
		r.ready = r.ready[m:]
		n += m
	}
	clear(b[n:])
	tame(b)
	r.tail = (len(b) - n) / audio.Channels
	return nil
}

// Tail implements audio.Ending.
func (r *reader) Tail() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tail
}

// Version is the version of the content that is read, as of now; "" = it is not known.
func (r *reader) Version() string {
	if r.content.in.Version == nil || r.closed.Load() {
		return ""
	}
	return r.content.in.Version()
}

// OnWait implements audio.Waiting.
func (r *reader) OnWait(wait, resume func()) {
	if s, ok := r.stream.(*child); ok {
		s.OnWait(wait, resume)
		return
	}
	r.content.waits = waits{wait, resume}
}

var errClosed = errors.New("the reader is closed")

// Close implements audio.Reader.
func (r *reader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	err := r.content.close() // ends a Read in progress, and so gives up mu
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(err, r.stream.Close())
}

// fill makes ready not empty, or fails for good.
func (r *reader) fill() error {
	for len(r.ready) == 0 {
		if r.err == nil {
			r.err = guard(r.name, r.more)
		}
		if r.err != nil && len(r.ready) == 0 {
			return r.err
		}
	}
	return nil
}

// more moves audio one step on: out of the resampler if it has any, else out of
// the stream.
func (r *reader) more() error {
	switch {
	case len(r.todo) > 0:
		written, read := r.resampler.Process(r.out, r.todo)
		r.ready, r.todo = r.out[:written], r.todo[read:]
		return nil
	case len(r.rest) > 0:
		r.mix()
		return nil
	case r.ended != nil:
		return r.drain()
	}
	if r.native == nil {
		r.native = make([]float32, chunkFrames*audio.Channels)
	}
	n, err := r.stream.Read(r.native)
	if err != nil {
		r.ended = r.verdict(err, n)
	}
	if n == 0 {
		return nil
	}
	return r.take(r.native[:n])
}

// take makes what was decoded ready to be mixed.
func (r *reader) take(values []float32) error {
	if f := r.stream.Format(); f != r.format {
		if err := r.change(f); err != nil {
			return err
		}
	}
	channels := r.format.channels
	frames := int64(len(values) / channels)
	r.decoded = true
	r.content.silent.Store(0)
	drop := min(r.skip, frames)
	r.skip -= drop
	r.rest = values[drop*int64(channels) : frames*int64(channels)]
	return nil
}

// mix makes a piece of rest stereo and hands it on.
func (r *reader) mix() {
	mixed := r.rest[:min(len(r.rest), chunkFrames*r.format.channels)]
	r.rest = r.rest[len(mixed):]
	if r.format.channels != audio.Channels {
		mixed = r.stereo[:dsp.Downmix(r.stereo, mixed, r.format.channels, r.format.layout)]
	}
	if r.resampler == nil {
		r.ready = mixed
	} else {
		r.todo = mixed
	}
}

// change makes ready for PCM of another shape. What the old resampler still
// holds, a few samples, is dropped: it happens between two songs of a radio.
func (r *reader) change(f format) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.channels != audio.Channels && r.stereo == nil {
		r.stereo = make([]float32, chunkFrames*audio.Channels)
	}
	if f.rate != r.format.rate {
		r.resampler = nil
		if f.rate != audio.SampleRate {
			if r.out == nil {
				r.out = make([]float32, chunkFrames*audio.Channels)
			}
			var err error
			if r.resampler, err = dsp.NewResampler(f.rate, audio.Channels); err != nil {
				return fmt.Errorf("resample %s: %w", r.name, err)
			}
		}
	}
	r.format = f
	return nil
}

// drain empties the resampler and then says how the stream ended.
func (r *reader) drain() error {
	if r.resampler != nil {
		if n := r.resampler.Drain(r.out); n > 0 {
			r.ready = r.out[:n]
			return nil
		}
	}
	return r.ended
}

// verdict turns the error a stream ended with into the Reader's.
func (r *reader) verdict(err error, n int) error {
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	switch {
	case r.content.failure() != nil:
		return fmt.Errorf("read %s: %w", r.name, r.content.failure())
	case cut && (r.decoded || r.sought || n > 0):
		return io.EOF
	case cut:
		return fault.Wrapf(fault.Corrupt, opaque(err), "This %s file holds no sound.", fault.Term(r.name))
	case fault.KindOf(err) != fault.Internal:
		return fmt.Errorf("decode %s: %w", r.name, err)
	}
	return fault.Wrapf(fault.Corrupt, err, "This %s file is damaged.", fault.Term(r.name))
}

// opaque hides that err is io.EOF, which to the caller of ReadBlock would mean that
// all went well.
func opaque(err error) error { return errors.New(err.Error()) }

// primer is a stream that can tell whether it holds any sound without decoding it.
type primer interface{ prime() error }

// prime decodes the first piece, so that content without any fails now and not in
// the middle of a queue. Nothing after a seek is not a failure: it is the end.
func (r *reader) prime() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, ok := r.stream.(primer); ok {
		if err := guard(r.name, p.prime); err != nil {
			r.ended = r.verdict(err, 0)
			r.err = r.ended
		}
	} else {
		_ = r.fill() // what went wrong is in r.err, too
	}
	if r.err != nil && !errors.Is(r.err, io.EOF) && len(r.ready) == 0 {
		return r.err
	}
	return nil
}

// tame keeps what cannot be played out of b: some files hold floats that are no
// numbers, and one of them would silence a filter for good.
func tame(b *audio.Block) {
	const most = 8 // +18 dB
	for i, v := range b {
		switch {
		case v != v:
			b[i] = 0
		case v > most:
			b[i] = most
		case v < -most:
			b[i] = -most
		}
	}
}

// guard runs f and makes a panic of a decoder an error: hostile content may break
// a decoder but never the process.
func guard(name string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrapf(fault.Corrupt, fmt.Errorf("decoder panic: %v", p), "This %s file is damaged.", fault.Term(name))
		}
	}()
	return f()
}
