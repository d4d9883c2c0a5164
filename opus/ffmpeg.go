package opus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os/exec"
	"strings"
	"sync"

	"github.com/jonas747/dca"

	"busker/audio"
	"busker/internal/fault"
)

// ffmpeg is the program of that name, driven by jonas747/dca. It answers in pages of
// Ogg, about a second late, and only at the end of its input with everything: it makes
// files. It has no decoder here: turning a whole file into PCM is package sources'.
var ffmpeg = backend{
	Properties: Properties{Name: "ffmpeg", Complexity: true, Float: true},
	newEncoder: newFFEncoder,
}

const (
	// ffmpegLookahead is libopus' delay with the audio profile at 48 kHz, in samples.
	ffmpegLookahead = 312
	// ffmpegBlocks are on their way to the process: 0.3 s, so that it seldom waits.
	ffmpegBlocks = 16
	// ffmpegPackets are taken from the process before it waits: several pages of Ogg.
	ffmpegPackets = 256
)

// ffEncoder starts its process with the first block.
type ffEncoder struct {
	bitrate, complexity int
	stream              *ffStream // nil = no block since New or Reset
	closed              bool
}

func newFFEncoder() (Encoder, error) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The program ffmpeg is not installed.", err)
	}
	return &ffEncoder{bitrate: DefaultBitrate, complexity: DefaultComplexity}, nil
}

func (e *ffEncoder) Encode(dst []byte, pcm *audio.Block) (int, error) {
	if e.closed {
		return 0, errClosed
	}
	if len(dst) == 0 {
		return 0, errNoRoom
	}
	if e.stream == nil {
		s, err := newFFStream(e.bitrate, e.complexity)
		if err != nil {
			return 0, fmt.Errorf("start ffmpeg: %w", err)
		}
		e.stream = s
	}
	return e.stream.encode(dst, pcm)
}

func (e *ffEncoder) Flush(dst []byte) (int, error) {
	switch {
	case e.closed:
		return 0, errClosed
	case e.stream == nil:
		return 0, io.EOF
	}
	return e.stream.flush(dst)
}

func (e *ffEncoder) SetBitrate(bps int) error {
	if err := checkBitrate(bps); err != nil {
		return err
	}
	return e.set(&e.bitrate, bps)
}

func (e *ffEncoder) SetComplexity(c int) error {
	if err := checkComplexity(c); err != nil {
		return err
	}
	return e.set(&e.complexity, c)
}

func (e *ffEncoder) set(setting *int, v int) error {
	switch {
	case e.closed:
		return errClosed
	case e.stream != nil && *setting != v:
		return fault.New(fault.Unsupported, "ffmpeg cannot change its settings within a stream.")
	}
	*setting = v
	return nil
}

func (e *ffEncoder) Lookahead() int { return ffmpegLookahead }

func (e *ffEncoder) Reset() error {
	if e.closed {
		return errClosed
	}
	if e.stream != nil {
		e.stream.close()
		e.stream = nil
	}
	return nil
}

func (e *ffEncoder) Close() error {
	if e.closed {
		return nil
	}
	err := e.Reset()
	e.closed = true
	return err
}

// ffStream is one process.
type ffStream struct {
	session *dca.EncodeSession
	scratch *audio.Block
	blocks  chan []byte // to the process; closed at the end of the stream
	empty   chan []byte // emptied blocks, for reuse
	packets chan []byte // from the process; closed when it has ended
	waiting [][]byte    // packets not returned yet
	given   int         // blocks
	got     int         // packets
	ended   bool        // blocks is closed
	failure error
	workers sync.WaitGroup
}

// quiet keeps the library's messages off the program's standard error.
var quiet = sync.OnceFunc(func() {
	dca.Logger = log.New(io.Discard, "", 0)
})

func newFFStream(bitrate, complexity int) (*ffStream, error) {
	quiet()
	s := &ffStream{
		blocks:  make(chan []byte, ffmpegBlocks),
		empty:   make(chan []byte, ffmpegBlocks),
		packets: make(chan []byte, ffmpegPackets),
	}
	o := *dca.StdEncodeOptions
	o.RawOutput = true // no DCA header
	o.Bitrate = (bitrate + 500) / 1000
	o.CompressionLevel = complexity
	o.PacketLoss = 0
	o.Threads = 1
	session, err := dca.EncodeMem(&ffFeed{rest: waveHeader(), blocks: s.blocks, empty: s.empty}, &o)
	if err != nil {
		return nil, err
	}
	s.session = session
	s.workers.Go(s.collect)
	return s, nil
}

func (s *ffStream) collect() {
	defer close(s.packets)
	for {
		packet, err := s.session.OpusFrame()
		if err != nil {
			return
		}
		s.packets <- packet
	}
}

func (s *ffStream) encode(dst []byte, pcm *audio.Block) (int, error) {
	if s.failure != nil {
		return 0, s.failure
	}
	if s.ended {
		return 0, errors.New("encode after the end of the stream")
	}
	block := s.block(pcm)
	for sent := false; !sent; {
		select {
		case s.blocks <- block:
			sent = true
		case packet, ok := <-s.packets: // else the process could wait for us, and we for it
			if !ok {
				return 0, s.fail()
			}
			s.waiting = append(s.waiting, packet)
		}
	}
	s.given++
	if len(s.waiting) == 0 {
		select {
		case packet, ok := <-s.packets:
			if !ok {
				return 0, s.fail()
			}
			s.waiting = append(s.waiting, packet)
		default:
			return 0, nil
		}
	}
	return s.next(dst)
}

// block returns pcm as ffmpeg reads it.
func (s *ffStream) block(pcm *audio.Block) (block []byte) {
	select {
	case block = <-s.empty:
	default:
		block = make([]byte, 4*len(pcm))
	}
	for i, v := range sane(pcm, &s.scratch) {
		binary.LittleEndian.PutUint32(block[4*i:], math.Float32bits(v))
	}
	return block
}

func (s *ffStream) next(dst []byte) (int, error) {
	packet := s.waiting[0]
	if len(packet) > len(dst) {
		return 0, fmt.Errorf("packet of %d bytes into %d: %w", len(packet), len(dst), errNoRoom)
	}
	s.waiting = s.waiting[1:]
	s.got++
	return copy(dst, packet), nil
}

func (s *ffStream) flush(dst []byte) (int, error) {
	if s.failure != nil {
		return 0, s.failure
	}
	s.end()
	if s.got == s.given { // what may follow is the codec's own delay
		return 0, io.EOF
	}
	if len(s.waiting) == 0 {
		packet, ok := <-s.packets
		if !ok {
			return 0, s.fail()
		}
		s.waiting = append(s.waiting, packet)
	}
	return s.next(dst)
}

// fail remembers why the process ended before its work was done.
func (s *ffStream) fail() error {
	said := strings.TrimSpace(s.session.FFMPEGMessages())
	said = said[strings.LastIndexByte(said, '\n')+1:]
	cause := s.session.Error()
	if cause == nil { // killed, or it saw no reason to go on
		cause = io.ErrUnexpectedEOF
	}
	s.failure = fmt.Errorf("ffmpeg ended after %d of %d packets: %w (%s)", s.got+len(s.waiting), s.given, cause, said)
	return s.failure
}

func (s *ffStream) end() {
	if !s.ended {
		s.ended = true
		close(s.blocks)
	}
}

// close kills the process and returns when it is gone.
func (s *ffStream) close() {
	s.end()
	_ = s.session.Stop() // fails when it has not begun; then it finds the end of its input
	for range s.packets {
	}
	s.workers.Wait()
}

// ffFeed is the process' standard input: a WAVE file as long as there are blocks. The
// library's goroutine reads it.
type ffFeed struct {
	rest   []byte
	block  []byte // rest is a part of it
	blocks <-chan []byte
	empty  chan<- []byte
}

func (f *ffFeed) Read(p []byte) (n int, err error) {
	for len(f.rest) == 0 {
		if f.block != nil {
			select {
			case f.empty <- f.block:
			default:
			}
		}
		var ok bool
		if f.block, ok = <-f.blocks; !ok {
			return 0, io.EOF
		}
		f.rest = f.block
	}
	n = copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// waveHeader describes endless 32-bit float PCM:
// "RIFF" size "WAVE" "fmt " 16 format:2 channels:2 rate:4 bytes/s:4 frame:2 bits:2 "data" size.
func waveHeader() []byte {
	const unknown, float, sample = math.MaxUint32, 3, 4
	h := binary.LittleEndian.AppendUint32([]byte("RIFF"), unknown)
	h = binary.LittleEndian.AppendUint32(append(h, "WAVEfmt "...), 16)
	h = binary.LittleEndian.AppendUint16(h, float)
	h = binary.LittleEndian.AppendUint16(h, audio.Channels)
	h = binary.LittleEndian.AppendUint32(h, audio.SampleRate)
	h = binary.LittleEndian.AppendUint32(h, audio.SampleRate*audio.Channels*sample)
	h = binary.LittleEndian.AppendUint16(h, audio.Channels*sample)
	h = binary.LittleEndian.AppendUint16(h, 8*sample)
	return binary.LittleEndian.AppendUint32(append(h, "data"...), unknown)
}
