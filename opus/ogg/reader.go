package ogg

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"busker/audio"
	"busker/opus/toc"
)

const (
	// maxTagsBytes of a comment header are kept: pictures are in there, and what
	// lies behind them is lost rather than the memory.
	maxTagsBytes = 8 << 20
	// maxGranule is far beyond any recording; positions above it are lies, and
	// sums with them would overflow.
	maxGranule = 1 << 56
	// preRoll is how much is decoded before the goal of a seek, so that the
	// decoder has converged when it gets there (RFC 7845 §4.6): 80 ms.
	preRoll = 3840
)

// PacketInfo says what to do with the audio of one packet.
type PacketInfo struct {
	// Position of the packet's first sample since the beginning of the file, in
	// samples. It is negative for what lies in the pre-skip.
	Position int64
	Samples  int // in the packet
	// SkipStart and SkipEnd are how many of them not to play: the pre-skip, the
	// way to the goal of a seek, the trimmed end. They sum up to at most Samples.
	SkipStart, SkipEnd int
	// Reset asks for a fresh decoder state before this packet: another stream of
	// a chained file begins, whose Head may differ, or Seek came between.
	Reset bool
}

// Reader reads the packets of the first Opus stream in an Ogg file, and of the
// streams chained to it. One goroutine uses it at a time.
type Reader struct {
	src    io.Reader
	pages  *PageReader
	cutter Cutter
	stream stream
	links  []link // the chain, once somebody asked for it

	queue   [][]byte // packets of the page being read
	end     int64    // granule position the next packet in queue begins at
	last    bool     // the page in progress is the stream's last
	until   int64    // granule position of the page in progress
	known   bool     // end is a position, not yet to be found out
	skipTo  int64    // granule position of the first sample to play
	dropTo  int64    // packets that end by here are not even needed to converge
	granule int64
	info    PacketInfo
	reset   bool
	err     error
}

// stream is one logical stream.
type stream struct {
	serial uint32
	group  []uint32 // serials of all streams that began together, its own too
	data   int64    // offset of the first page behind the header pages
	head   Head
	tags   Tags
	first  int64 // granule position of its first sample; -1 until known
	base   int64 // samples of the streams before it in the chain
}

// NewReader reads up to the first audio. Length and Seek also work if r is an
// io.ReadSeeker at its beginning. The caller keeps r.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{src: r, pages: NewPageReader(r)}
	p, err := d.pages.Next()
	if err == nil {
		err = d.begin(p, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("read ogg headers: %w", unexpected(err))
	}
	return d, nil
}

// Head returns the header of the stream ReadPacket is in.
func (r *Reader) Head() Head { return r.stream.head }

// Tags returns the comments of the stream ReadPacket is in, after a Seek into a
// chained stream only the short ones. A live stream changes its title by chaining
// the next stream.
func (r *Reader) Tags() Tags { return r.stream.tags }

// Info describes the packet ReadPacket returned last.
func (r *Reader) Info() PacketInfo { return r.info }

// Granule returns the granule position behind the packet ReadPacket returned last
// (RFC 7845 §4): samples including the pre-skip.
func (r *Reader) Granule() int64 { return r.granule }

// Position returns the time since the beginning of the file at which the packet
// ReadPacket returned last begins to be heard.
func (r *Reader) Position() time.Duration {
	return audio.SamplesDuration(r.info.Position + int64(r.info.SkipStart))
}

// ReadPacket returns the next Opus packet, valid until the next call, or io.EOF
// after the last. What is damaged is left out. After an error the Reader stays
// failed until a Seek.
func (r *Reader) ReadPacket() ([]byte, error) {
	for r.err == nil {
		if len(r.queue) == 0 {
			r.err = r.load()
			continue
		}
		p := r.queue[0]
		r.queue = r.queue[1:]
		if r.account(p) {
			return p, nil
		}
	}
	return nil, r.err
}

// account fills r.info for p and reports whether anybody needs p.
func (r *Reader) account(p []byte) bool {
	n, err := toc.Samples(p)
	if err != nil || len(p) > toc.MaxPacketBytes {
		return false
	}
	start := r.end
	r.end += int64(n)
	skipEnd := 0
	if r.last {
		skipEnd = clamp(r.end-r.until, n)
	}
	r.granule = r.end - int64(skipEnd)
	if r.end <= r.dropTo {
		return false
	}
	skipStart := clamp(r.skipTo-start, n-skipEnd)
	s := &r.stream
	r.info = PacketInfo{
		Position:  s.base + start - s.first - int64(s.head.PreSkip),
		Samples:   n,
		SkipStart: skipStart,
		SkipEnd:   skipEnd,
		Reset:     r.reset,
	}
	r.reset = false
	return true
}

// load cuts the next page of the stream into the queue.
func (r *Reader) load() error {
	p, err := r.pages.Next()
	if err != nil {
		return err
	}
	if p.Flags&First != 0 {
		r.reset = true
		return r.begin(p, r.played())
	}
	if p.Serial != r.stream.serial {
		return nil
	}
	r.queue = r.cutter.Cut(p)
	r.last = p.Flags&Last != 0
	if len(r.queue) == 0 || p.Granule < 0 || p.Granule > maxGranule {
		r.last = false // without a position there is nothing to trim to
		if !r.known {
			r.queue = nil // nor to count from
		}
		return nil
	}
	r.until = p.Granule
	r.locate(p.Granule - samplesOf(r.queue))
	return nil
}

// played returns how many samples of the file the streams up to here are heard for.
func (r *Reader) played() int64 {
	s := &r.stream
	return s.base + max(0, r.granule-max(0, s.first)-int64(s.head.PreSkip))
}

// locate sets the granule position at which the page's first packet begins, the
// page's own position less its packets being begins.
func (r *Reader) locate(begins int64) {
	switch {
	case r.stream.first < 0:
		// A stream cut out of a longer one begins anywhere; one whose only page
		// is trimmed at the end would seem to begin before 0 (RFC 7845 §4.4, §4.5).
		r.stream.first = max(0, begins)
		r.end = r.stream.first
		r.skipTo = r.end + int64(r.stream.head.PreSkip)
	case !r.known:
		r.end = max(r.stream.first, begins)
	case !r.last:
		r.end = max(r.end, begins) // packets were lost on the way here
	}
	r.known = true
}

// begin reads the headers of the streams that begin with p, and takes the first
// Opus stream among them, base samples having been before it.
func (r *Reader) begin(p *Page, base int64) error {
	s := stream{first: -1, base: base}
	found := false
	for ; p.Flags&First != 0 && len(s.group) < maxStreams; s.data = r.pages.End() {
		s.group = append(s.group, p.Serial)
		if !found && strings.HasPrefix(string(p.Body[:min(8, len(p.Body))]), headMagic) {
			h, err := ParseHead(p.Body)
			if err != nil {
				return err
			}
			s.serial, s.head, found = p.Serial, h, true
			r.cutter.next, r.cutter.open = p.Sequence+1, false
		}
		var err error
		if p, err = r.pages.Next(); err != nil {
			return unexpected(err)
		}
	}
	if !found {
		return unsupported(errors.New("no Opus among the streams"))
	}
	if err := r.readTags(&s, p); err != nil {
		return err
	}
	r.stream = s
	r.cutter = Cutter{Limit: toc.MaxPacketBytes + 1, next: r.cutter.next}
	r.pages.Shrink()
	r.queue, r.known, r.last = nil, false, false
	r.end, r.granule, r.skipTo, r.dropTo = 0, 0, 0, 0
	return nil
}

// maxStreams bounds the streams that may begin together.
const maxStreams = 64

// readTags reads the comment header, which begins on the stream's next page and
// has its pages for itself (RFC 7845 §3).
func (r *Reader) readTags(s *stream, p *Page) (err error) {
	r.cutter.Limit = maxTagsBytes
	for range maxTagsPages {
		if p.Serial == s.serial {
			if packets := r.cutter.Cut(p); len(packets) > 0 {
				// Damaged or oversized comments are no reason not to play.
				s.tags, _ = ParseTags(packets[0])
				s.data = r.pages.End()
				return nil
			}
		}
		if p, err = r.pages.Next(); err != nil {
			return unexpected(err)
		}
	}
	return corrupt(errors.New("comment header without an end"))
}

// maxTagsPages bounds the pages read in search of the comment header's end: a
// header of about 120 MiB, the most RFC 7845 §5.2 expects anybody to read.
const maxTagsPages = 2048

func samplesOf(packets [][]byte) (sum int64) {
	for _, p := range packets {
		n, _ := toc.Samples(p)
		sum += int64(n)
	}
	return sum
}

func clamp(v int64, most int) int { return int(max(0, min(v, int64(most)))) }

// unexpected makes the end of the input in the middle of something an error of
// its own.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return corrupt(io.ErrUnexpectedEOF)
	}
	return err
}
