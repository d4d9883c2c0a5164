package decode

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"busker/internal/fault"
)

const (
	// headBytes is how much of the content can be looked at before anybody decides
	// what it is.
	headBytes = 64 << 10
	// bufferBytes is the buffer of decoders that read what comes after that in bites of
	// less than directBytes. Most have a buffer of their own.
	bufferBytes = 16 << 10
	directBytes = 4 << 10
)

// heads are the buffers of headBytes, which each content needs for a moment only.
var heads = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, headBytes) }}

// content is an Input from its base on, buffered. It remembers the first failure
// of the input that is not its end: decoders tend to swallow errors or to call
// everything corrupt, and a lost connection is not a damaged file.
type content struct {
	ctx     context.Context //nolint:containedctx // ends every later Read; a content lives inside one call or one Reader
	in      Input
	seeker  io.Seeker // nil when the input cannot seek
	waits   waits
	buf     *bufio.Reader
	src     io.Reader // of buf
	settled bool      // nobody looks ahead any more
	lean    bool      // buf is the small one, or nil
	base    int64     // where the content begins in the input: past a tag in front
	pos     int64     // of the next byte, from base
	close   func() error
	probing bool // it is to be described only

	// record is what was read of an input that cannot seek, for rewind; nil once
	// nobody will ask for it. recorded is where in the input it begins.
	record   []byte
	recorded int64
	silent   atomic.Int64 // bytes read of an endless input since it last yielded audio

	mu  sync.Mutex
	err error
}

const (
	// maxRecord is how far an input that cannot seek can be rewound.
	maxRecord = 1 << 20
	// maxSilent is how much of an endless input may pass without any audio.
	maxSilent = 4 << 20
)

var errSilent = fault.New(fault.Corrupt, "This stream sends nothing that can be played.")

// newContent returns in as a content; its close calls cancel, which ends ctx.
func newContent(ctx context.Context, cancel context.CancelFunc, in Input) *content {
	c := &content{ctx: ctx, in: in}
	c.seeker, _ = in.Reader.(io.Seeker)
	if in.Live {
		c.seeker = nil
	}
	if c.seeker == nil {
		c.record = []byte{}
	}
	c.buf = heads.Get().(*bufio.Reader)
	c.refill(inputReader{c})
	c.close = sync.OnceValue(func() error {
		cancel()
		if closer, ok := in.Reader.(io.Closer); ok {
			return closer.Close()
		}
		return nil
	})
	return c
}

// inputReader is the unbuffered side of a content.
type inputReader struct{ c *content }

func (r inputReader) Read(p []byte) (int, error) {
	if err := r.c.ctx.Err(); err != nil {
		return 0, r.c.fail(err)
	}
	if r.c.silent.Load() > maxSilent {
		return 0, r.c.fail(errSilent)
	}
	n, err := r.c.waits.read(r.c.in.Reader, p)
	if r.c.in.Live {
		r.c.silent.Add(int64(n))
	}
	r.c.remember(p[:n])
	return n, r.c.fail(err)
}

func (c *content) remember(b []byte) {
	switch {
	case c.record == nil:
	case len(c.record)+len(b) > maxRecord:
		c.record = nil
	default:
		c.record = append(c.record, b...)
	}
}

// fail remembers err if it is worth it, and returns it.
func (c *content) fail(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.err == nil {
			c.err = err
		}
	}
	return err
}

// failure returns the first failure of the input that is not its end. Unlike the
// rest of a content it may be asked for while somebody else reads.
func (c *content) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// refill makes src what buf reads next.
func (c *content) refill(src io.Reader) {
	c.src = src
	if c.buf != nil {
		c.buf.Reset(src)
	}
}

// slim gives the large buffer back once it is read.
func (c *content) slim() {
	if !c.settled || c.lean || c.buf.Buffered() > 0 {
		return
	}
	c.lean = true
	c.buf.Reset(nil)
	heads.Put(c.buf)
	c.buf = nil
}

func (c *content) Read(p []byte) (n int, err error) {
	if c.buf == nil && len(p) < directBytes {
		c.buf = bufio.NewReaderSize(c.src, bufferBytes)
	}
	if c.buf == nil {
		n, err = c.src.Read(p)
	} else {
		n, err = c.buf.Read(p)
		c.slim()
	}
	c.pos += int64(n)
	return n, err
}

// buffered is how many bytes can be read without asking the input.
func (c *content) buffered() int64 {
	if c.buf == nil {
		return 0
	}
	return int64(c.buf.Buffered())
}

// peek returns up to n bytes from the current position, fewer at the end.
func (c *content) peek(n int) []byte {
	b, _ := c.buf.Peek(min(n, headBytes))
	return b
}

// size returns the length of the content, -1 when unknown.
func (c *content) size() int64 {
	if c.in.Size < 0 {
		return -1
	}
	return max(c.in.Size-c.base, 0)
}

// seekTo goes to pos, which a buffered read may satisfy.
func (c *content) seekTo(pos int64) error {
	if ahead := pos - c.pos; ahead >= 0 && ahead <= c.buffered() && c.buf != nil {
		n, err := c.buf.Discard(int(ahead))
		c.pos += int64(n)
		return err
	}
	if c.seeker == nil {
		return errors.New("the input cannot seek")
	}
	if _, err := c.seeker.Seek(c.base+pos, io.SeekStart); err != nil {
		return c.fail(err)
	}
	c.refill(inputReader{c})
	c.pos = pos
	return nil
}

// skip goes n bytes on, by seeking where that is possible.
func (c *content) skip(n int64) error {
	if c.seeker != nil {
		return c.seekTo(c.pos + n)
	}
	_, err := io.CopyN(io.Discard, c, n)
	return err
}

// rebase makes the current position the beginning of the content, which can be
// rewound to however much came before it.
func (c *content) rebase() {
	c.base, c.pos = c.base+c.pos, 0
	if c.seeker == nil {
		ahead, _ := c.buf.Peek(c.buf.Buffered())
		c.record, c.recorded = append([]byte{}, ahead...), c.base
	}
}

// rewind goes back to the beginning, as far as that is possible.
func (c *content) rewind() error {
	if c.seeker != nil {
		return c.seekTo(0)
	}
	if c.record == nil || c.recorded != c.base {
		return errors.New("the input cannot be rewound")
	}
	c.refill(io.MultiReader(bytes.NewReader(c.record), inputReader{c}))
	c.record, c.pos = nil, 0
	return nil
}

// settle ends the time in which rewind and peek may be called.
func (c *content) settle() { c.record, c.settled = nil, true }

// reader returns the content as an io.ReadSeeker if it can seek, and as a bare
// io.Reader if it cannot.
func (c *content) reader() io.Reader {
	if c.seeker == nil {
		return struct{ io.Reader }{c}
	}
	return seekable{c}
}

type seekable struct{ *content }

func (s seekable) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.pos
	case io.SeekEnd:
		if s.size() < 0 {
			return 0, errors.New("the size of the input is not known")
		}
		offset += s.size()
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	return offset, s.seekTo(offset)
}
