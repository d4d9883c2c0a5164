package webm

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"busker/audio"
	"busker/opus/toc"
)

const (
	// maxHeader bounds what is read into memory of one header element; cues of a
	// day at one per second fit.
	maxHeader = 4 << 20
	// maxBlock bounds one block or block group; what is longer is not Opus.
	maxBlock = 1 << 20
	// maxDrift is how far a block's timestamp, which is rounded to ticks, may be
	// from where the audio before it ended without being believed.
	maxDrift = int64(audio.FrameSamples)
)

// PacketInfo says what to do with the audio of one packet.
type PacketInfo struct {
	// Position of the packet's first sample since the beginning of the file, in
	// samples. It is negative for what lies in the codec's delay.
	Position int64
	Samples  int // in the packet
	// SkipStart and SkipEnd are how many of them not to play: the codec's delay,
	// the way to the goal of a seek, the padding. They sum up to at most Samples.
	SkipStart, SkipEnd int
	// Reset asks for a fresh decoder state before this packet: Seek came between.
	Reset bool
}

// Reader reads the packets of the first Opus track. One goroutine uses it at a time.
type Reader struct {
	src     *source
	segment int64 // offset of the segment's content, which positions count from
	cluster int64 // offset of the first cluster
	scale   int64 // ns per tick
	track   Track
	meta    Meta
	seeks   map[uint32]int64 // where the seek head says that elements are
	cues    []cue
	tracks  bool // read

	ticks   int64    // timestamp of the cluster
	block   []byte   // being read
	frames  [][]byte // all packets in it
	queue   [][]byte // those not yet returned
	padding int64    // samples its last packet has too many; negative: its first
	next    int64    // position of the next packet in queue
	known   bool     // next continues the packet before
	skipTo  int64    // position of the first sample to play
	dropTo  int64    // packets that end by here are not even needed to converge
	info    PacketInfo
	reset   bool
	err     error
}

// NewReader reads up to the first audio. Seek also works if r is an io.ReadSeeker
// at its beginning, whose tags are then found wherever they are. The caller keeps
// r. Audio in another codec is a *CodecError.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{src: newSource(r), scale: defaultScale, seeks: make(map[uint32]int64), dropTo: math.MinInt64}
	if err := d.open(); err != nil {
		if errors.Is(err, io.EOF) {
			err = corrupt("%w", io.ErrUnexpectedEOF)
		}
		return nil, fmt.Errorf("read webm headers: %w", err)
	}
	return d, nil
}

// Track describes the track the packets are from.
func (r *Reader) Track() Track { return r.track }

// Meta returns what the file said of itself so far; tags at the end of a stream
// that can not seek come with its end.
func (r *Reader) Meta() Meta { return r.meta }

// Info describes the packet ReadPacket returned last.
func (r *Reader) Info() PacketInfo { return r.info }

// Position returns the time since the beginning of the file at which the packet
// ReadPacket returned last begins to be heard.
func (r *Reader) Position() time.Duration {
	return audio.SamplesDuration(r.info.Position + int64(r.info.SkipStart))
}

// ReadPacket returns the next Opus packet, valid until the next call, or io.EOF
// after the last. What is damaged is left out as far as the file's structure
// holds. After an error the Reader stays failed until a Seek.
func (r *Reader) ReadPacket() ([]byte, error) {
	for r.err == nil {
		if len(r.queue) == 0 {
			_, r.err = r.step()
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
	start := r.next
	r.next += int64(n)
	if r.next <= r.dropTo {
		return false
	}
	skipStart := max(0, r.skipTo-start, -r.padding)
	skipEnd := int64(0)
	if len(r.queue) == 0 {
		skipEnd = max(0, r.padding)
	}
	r.info = PacketInfo{Position: start, Samples: n, Reset: r.reset}
	r.info.SkipEnd = int(min(skipEnd, int64(n)))
	r.info.SkipStart = int(min(skipStart, int64(n-r.info.SkipEnd)))
	r.padding = max(0, r.padding)
	r.reset = false
	return true
}

// open reads up to the first cluster.
func (r *Reader) open() error {
	b, err := r.src.peek(4)
	if err != nil {
		return err
	}
	if string(b) != "\x1A\x45\xDF\xA3" {
		return corrupt("no EBML header")
	}
	for r.cluster == 0 {
		if _, err := r.step(); err != nil {
			return err
		}
	}
	if !r.tracks {
		return corrupt("cluster before the tracks")
	}
	if at, ok := r.seeks[idTags]; ok && r.meta.Tags == nil {
		// Tags that can not be read are no reason not to play.
		_ = r.aside(at, idTags)
	}
	return nil
}

// step reads one element and returns its id. Segments and clusters count as
// elements without content: what is in them comes in the next steps.
func (r *Reader) step() (uint32, error) {
	at := r.src.pos
	id, size, err := r.src.element()
	if err != nil {
		return 0, err
	}
	switch id {
	case idSegment:
		r.segment = r.src.pos
		return id, nil
	case idCluster:
		if r.cluster == 0 {
			r.cluster = at
		}
		return id, nil
	}
	if size == unknown {
		return 0, corrupt("element %#x of unknown size", id)
	}
	switch id {
	case idEBML, idSeekHead, idInfo, idTracks, idTags, idCues:
		return id, r.header(id, size)
	case idTimestamp:
		return id, r.timestamp(size)
	case idSimpleBlock, idBlockGroup:
		return id, r.readBlock(id, size)
	}
	return id, r.src.skip(size)
}

func (r *Reader) header(id uint32, size int64) error {
	if size > maxHeader {
		return r.src.skip(size)
	}
	b, err := r.src.read(size, nil)
	if err != nil {
		return err
	}
	switch id {
	case idEBML:
		return checkDocType(b)
	case idSeekHead:
		r.parseSeekHead(b)
	case idInfo:
		r.scale = r.meta.parseInfo(b)
	case idTracks:
		if r.tracks {
			return nil // written again for those who join a live stream late
		}
		r.track, err = parseTracks(b)
		r.skipTo, r.tracks = 0, err == nil
		return err
	case idTags:
		r.meta.parseTags(b)
	case idCues:
		if len(r.cues) == 0 {
			r.cues = parseCues(b, r.track.number)
		}
	}
	return nil
}

func checkDocType(b []byte) error {
	docType := "matroska" // the default
	for id, v := range children(b) {
		if id == idDocType {
			docType = stringOf(v)
		}
	}
	if docType != "webm" && docType != "matroska" {
		return unsupported("The file is neither WebM nor Matroska.", fmt.Errorf("EBML document of type %q", docType))
	}
	return nil
}

func (r *Reader) timestamp(size int64) error {
	if size > 8 {
		return corrupt("cluster timestamp of %d bytes", size)
	}
	b, err := r.src.read(size, r.block[:0])
	if err != nil {
		return err
	}
	r.block = b
	r.ticks = int64(min(uintOf(b), math.MaxInt64>>1))
	return nil
}

// readBlock fills the queue from a SimpleBlock or BlockGroup, if it is of our track.
func (r *Reader) readBlock(id uint32, size int64) error {
	if !r.tracks || size > maxBlock || r.foreign(id) {
		return r.src.skip(size)
	}
	content, err := r.src.read(size, r.block[:0])
	if err != nil {
		return err
	}
	r.block = content
	padding := int64(0)
	if id == idBlockGroup {
		content, padding = parseGroup(content)
	}
	b, ok := parseBlock(content)
	if !ok || b.track != r.track.number {
		return nil
	}
	r.frames = b.frames(r.frames[:0])
	r.unstrip()
	r.queue = r.frames
	r.padding = nsToSamples(padding)
	r.locate(b.timestamp)
	return nil
}

// foreign reports whether the block ahead is of another track, as far as a look
// can tell.
func (r *Reader) foreign(id uint32) bool {
	if id != idSimpleBlock {
		return false
	}
	b, err := r.src.peek(1)
	return err == nil && b[0]&0x80 != 0 && uint64(b[0]&0x7F) != r.track.number
}

// parseGroup returns the block in a group and its discard padding in ns.
func parseGroup(b []byte) (content []byte, padding int64) {
	for id, v := range children(b) {
		switch id {
		case idBlock:
			content = v
		case idDiscardPadding:
			padding = intOf(v)
		}
	}
	return content, padding
}

// unstrip gives the frames back the header bytes the muxer took off.
func (r *Reader) unstrip() {
	if len(r.track.stripped) == 0 {
		return
	}
	for i, p := range r.frames {
		r.frames[i] = slices.Concat(r.track.stripped, p)
	}
}

// locate sets the position of the block's first packet: where the one before
// ended, unless the timestamp says that something is missing.
func (r *Reader) locate(relative int16) {
	at := ticksToSamples(r.ticks+int64(relative), r.scale) - audio.DurationSamples(r.track.CodecDelay)
	if drift := at - r.next; !r.known || drift > maxDrift || drift < -maxDrift {
		r.next = at
	}
	r.known = true
}

// ticksToSamples does not overflow: more than a century is cut off.
func ticksToSamples(ticks, scale int64) int64 {
	ticks = max(min(ticks, math.MaxInt64/2/scale), -math.MaxInt64/2/scale)
	return audio.DurationSamples(time.Duration(ticks * scale))
}

// nsToSamples rounds, for what was samples before it was nanoseconds.
func nsToSamples(ns int64) int64 {
	ns = max(min(ns, int64(toc.MaxDuration)), -int64(toc.MaxDuration))
	return (2*ns*audio.SampleRate + sign(ns)*int64(time.Second)) / (2 * int64(time.Second))
}

func sign(v int64) int64 {
	if v < 0 {
		return -1
	}
	return 1
}
