package cache

import (
	"os"
	"sync"

	"busker/audio"
	"busker/opus/dca"
	"busker/opus/toc"
)

const (
	// chunkBytes are written at a time: five seconds at 96 kbit/s.
	chunkBytes = 64 << 10
	// maxQueued bounds what waits for the disk, of all recordings together.
	maxQueued = 8 << 20
)

var chunks = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

func newChunk() []byte { return chunks.Get().(*[chunkBytes]byte)[:0] }

func freeChunk(b []byte) { chunks.Put((*[chunkBytes]byte)(b[:chunkBytes])) }

// Recording takes the packets of a whole track in order. A nil Recording ignores everything.
// One goroutine uses it at a time.
type Recording struct {
	cache    *Cache
	name     string
	loudness *dca.Loudness
	writer   *dca.Writer
	chunk    []byte // nil once it is over
	over     bool   // Commit or Discard was called, or it is void

	// Guarded by Cache.mu.
	committed bool // its end is among the jobs
	dropped   bool // nothing more of it is wanted

	// For Run only.
	file    *os.File
	created bool
	bytes   int64
}

// Write appends a packet of 20 ms, which may be reused afterwards. It never waits for the
// disk; after the first trouble the Recording is void and says nothing.
func (r *Recording) Write(packet []byte) {
	if r == nil || r.over {
		return
	}
	n, err := toc.Samples(packet)
	if err != nil || n != audio.FrameSamples || len(packet) > audio.MaxPacketBytes ||
		r.writer.Bytes() > r.cache.opts.MaxRecordingBytes ||
		r.writer.WritePacket(packet) != nil {
		r.end(resultVoid)
	}
}

// chunker takes what the Recording's writer writes.
type chunker struct{ *Recording }

func (r chunker) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		if len(r.chunk) == chunkBytes {
			if !r.cache.give(job{recording: r.Recording, data: r.chunk}) {
				return 0, errVoid
			}
			r.chunk = newChunk()
		}
		n := min(len(rest), chunkBytes-len(r.chunk))
		r.chunk = append(r.chunk, rest[:n]...)
		rest = rest[n:]
	}
	return len(b), nil
}

// Commit keeps the recording; skip and tail are the samples of audio.PacketReader.Skip and
// audio.Ending.Tail. It does not wait: Open finds it once Run has written it.
func (r *Recording) Commit(skip, tail int) {
	if r == nil || r.over {
		return
	}
	header, err := r.writer.Header(skip, tail, r.loudness)
	if err != nil || skip < 0 || tail < 0 || int64(skip)+int64(tail) >= r.writer.Samples() ||
		!r.cache.give(job{recording: r, data: r.chunk, header: header}) {
		r.end(resultVoid)
		return
	}
	r.over, r.chunk = true, nil
}

// Discard drops it. After Commit it does nothing.
func (r *Recording) Discard() {
	if r != nil && !r.over {
		r.end(resultDiscarded)
	}
}

func (r *Recording) end(result string) {
	r.over = true
	freeChunk(r.chunk)
	r.chunk = nil
	r.cache.abandon(r, result)
}
