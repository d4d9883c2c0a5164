package cache

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/dca"
	"busker/opus/toc"
)

// preRoll is what a decoder has to hear before it is right (RFC 7845 §4.6).
const preRoll = 80 * time.Millisecond

// reader plays one kept file.
type reader struct {
	file  *os.File
	cache *Cache
	name  string

	closed atomic.Bool
	mu     sync.Mutex // held by reads, and by Close once it has ended them

	packets *dca.Reader
	length  int64 // samples of sound
	from    int64 // the sample of the sound to begin with
	skip    int
	tail    int
	started bool // the first packet was read
	blocks  *blocks
	err     error // final

	wait, resume func()
}

// begin goes to at; verify reads everything first.
func (r *reader) begin(recipe string, at time.Duration, verify bool) error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	if r.packets, err = dca.NewReader(waiting{r}); err != nil {
		return asDamage(err)
	}
	if err := r.packets.Complete(info.Size()); err != nil {
		return err
	}
	e := r.packets.Metadata().Extra
	if e.Recipe != recipe {
		return fault.New(fault.Corrupt, "A kept encoding is not what it is called.")
	}
	if verify {
		if err := r.packets.Verify(); err != nil {
			return err
		}
	}
	r.length = e.Samples - int64(e.Skip) - int64(e.Tail)
	r.from = audio.DurationSamples(max(0, at))
	return r.packets.Seek(at)
}

// asDamage calls a header that cannot be read damage, too.
func asDamage(err error) error {
	if fault.KindOf(err) == fault.Unsupported {
		return fault.Wrap(fault.Corrupt, "A kept encoding is damaged.", err)
	}
	return err
}

// waiting is the file, telling who reads it when that takes the disk.
type waiting struct{ *reader }

func (w waiting) Read(b []byte) (int, error) {
	if w.wait != nil {
		w.wait()
		defer w.resume()
	}
	return w.file.Read(b)
}

// Seek implements io.Seeker for the dca.Reader.
func (w waiting) Seek(offset int64, whence int) (int64, error) { return w.file.Seek(offset, whence) }

// OnWait implements audio.Waiting.
func (r *reader) OnWait(wait, resume func()) { r.wait, r.resume = wait, resume }

// ReadPacket implements audio.PacketReader.
func (r *reader) ReadPacket(p *audio.Packet) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	begins := r.packets.Position()
	b, err := r.next()
	if err != nil {
		return err
	}
	if !p.Set(b) {
		return r.fail(fault.New(fault.Corrupt, "A kept encoding is damaged."))
	}
	if !r.started {
		r.started, r.skip = true, int(r.from-begins)
	}
	r.tail = int(max(0, r.packets.Position()-r.length))
	return nil
}

// Skip implements audio.PacketReader.
func (r *reader) Skip() int { return r.skip }

// Tail implements audio.Ending.
func (r *reader) Tail() int { return r.tail }

// next returns the next packet in which there is sound.
func (r *reader) next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	if max(r.from, r.packets.Position()) >= r.length {
		return nil, r.fail(io.EOF)
	}
	b, err := r.packets.ReadPacket()
	if errors.Is(err, io.EOF) { // before the length is up
		err = fault.Wrap(fault.Corrupt, "A kept encoding is damaged.", io.ErrUnexpectedEOF)
	}
	if err == nil {
		if n, _ := toc.Samples(b); n != audio.FrameSamples {
			err = fault.New(fault.Corrupt, "A kept encoding is damaged.")
		}
	}
	if err != nil {
		return nil, r.fail(err)
	}
	return b, nil
}

// fail makes err final; damage is the end of the file, too.
func (r *reader) fail(err error) error {
	if fault.KindOf(err) == fault.Corrupt {
		r.cache.damaged(r.name, err)
	}
	if !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read kept encoding: %w", err)
	}
	r.err = err
	return err
}

// Close implements audio.Reader.
func (r *reader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	err := r.file.Close() // ends a Read in progress, and so gives up mu
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = errClosed
	}
	if r.blocks != nil {
		err = errors.Join(err, r.blocks.decoder.Close())
	}
	return err
}

var errClosed = errors.New("read kept encoding: the reader is closed")

// blocks is what a reader needs to be read by blocks.
type blocks struct {
	decoder opus.Decoder
	pcm     [2 * len(audio.Block{})]float32
	have    int // values in pcm
}

// ReadBlock implements audio.Reader.
func (r *reader) ReadBlock(b *audio.Block) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.blocks == nil && r.err == nil {
		if err := r.decode(); err != nil {
			return r.fail(err)
		}
	}
	d := r.blocks
	for r.err == nil && d.have < len(b) {
		if err := r.more(); err != nil {
			break // it is r.err
		}
	}
	if d == nil || d.have == 0 {
		return r.err
	}
	n := copy(b[:], d.pcm[:d.have])
	clear(b[n:])
	d.have = copy(d.pcm[:], d.pcm[n:d.have])
	r.tail = audio.FrameSamples - n/audio.Channels
	return nil
}

// decode makes ready for blocks: a decoder that has converged when it comes to what is
// heard.
func (r *reader) decode() error {
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		return fmt.Errorf("new opus decoder: %w", err)
	}
	r.blocks = &blocks{decoder: d}
	return r.packets.Seek(audio.SamplesDuration(r.from) - preRoll)
}

// more decodes a packet and keeps what is to be heard of it.
func (r *reader) more() error {
	d := r.blocks
	begins := r.packets.Position()
	packet, err := r.next()
	if err != nil {
		return err
	}
	room := d.pcm[d.have:]
	n, err := d.decoder.Decode(room, packet)
	if fault.KindOf(err) == fault.Corrupt {
		n, err = d.decoder.Decode(room, nil) // one damaged packet is concealed
	}
	if err != nil {
		return r.fail(err)
	}
	first := min(max(0, r.from-begins), int64(n))
	last := max(first, min(int64(n), r.length-begins))
	d.have += copy(room, room[first*audio.Channels:last*audio.Channels])
	return nil
}
