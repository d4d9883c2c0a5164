package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/jfreymuth/vorbis"

	"busker/dsp"
	"busker/opus/ogg"
	"busker/sources/decode/tags"
)

// vorbisStream decodes Ogg Vorbis, chained streams included (Vorbis I, appendix A).
type vorbisStream struct {
	src    io.Reader
	pages  *ogg.PageReader
	seeker io.Seeker
	length int64 // granule position of the last page, 0 when unknown

	serial  uint32
	dec     vorbis.Decoder
	tags    tags.Tags
	cutter  ogg.Cutter
	queue   [][]byte // packets that end on the page read last
	granule int64    // of the page read last, ogg.NoGranule when no packet ends on it
	last    bool     // that page is the stream's last

	buffer  []float32
	pending []float32
	pos     int64 // of the sample behind pending; unknown when negative
	begun   bool  // pos is to be believed
	goal    int64 // samples before it are dropped
}

// maxVorbisPacket bounds a packet: headers with pictures are the largest.
const maxVorbisPacket = 8 << 20

var errVorbis = errors.New("vorbis: invalid stream")

func openOggVorbis(c *content) (stream, Info, error) {
	src := c.reader()
	s := &vorbisStream{src: src, pages: ogg.NewPageReader(src)}
	s.seeker, _ = src.(io.Seeker)
	if err := s.findStream(); err != nil {
		return nil, Info{}, err
	}
	if s.seeker != nil && c.size() >= 0 {
		if err := s.measure(); err != nil {
			return nil, Info{}, err
		}
	}
	info := Info{Length: duration(s.length, s.dec.SampleRate())}
	info.add(s.tags)
	return s, info, nil
}

// measure finds the length in the last page and comes back.
func (s *vorbisStream) measure() error {
	back := s.pages.End()
	last, err := ogg.LastGranule(s.src.(io.ReadSeeker), s.serial)
	if err == nil && last < 1<<48 {
		s.length = max(last, 0)
	}
	return s.goTo(back)
}

// goTo reads on with the page at offset, keeping what was cut already.
func (s *vorbisStream) goTo(offset int64) error {
	if _, err := s.seeker.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	s.pages.Reset(s.src, offset)
	return nil
}

// findStream reads the headers of the first Vorbis stream.
func (s *vorbisStream) findStream() error {
	for {
		p, err := s.pages.Next()
		if err != nil {
			return err
		}
		if p.Flags&ogg.First != 0 && bytes.HasPrefix(p.Body, []byte("\x01vorbis")) {
			return s.headers(p)
		}
	}
}

// headers reads the three headers of the stream that begins on p. The comments
// are read here and kept from the decoder, which allocates what they claim.
func (s *vorbisStream) headers(p *ogg.Page) error {
	*s = vorbisStream{src: s.src, pages: s.pages, seeker: s.seeker, length: s.length, serial: p.Serial, goal: s.goal}
	s.cutter.Limit = maxVorbisPacket
	s.cut(p)
	for i := range 3 {
		for len(s.queue) == 0 {
			p, err := s.pages.Next()
			if err != nil {
				return unexpected(err)
			}
			if p.Serial != s.serial {
				continue
			}
			s.cut(p)
		}
		packet := s.queue[0]
		s.queue = s.queue[1:]
		if err := s.header(i, packet); err != nil {
			return err
		}
	}
	s.buffer = make([]float32, s.dec.BufferSize())
	s.begun = true
	s.cutter.Shrink()
	s.pages.Shrink()
	return nil
}

func (s *vorbisStream) header(i int, packet []byte) error {
	if len(packet) < 7 || packet[0] != byte(2*i+1) || string(packet[1:7]) != "vorbis" {
		return fmt.Errorf("%w: header %d", errVorbis, i)
	}
	switch i {
	case 0:
		if err := checkVorbisID(packet[7:]); err != nil {
			return err
		}
	case 1:
		s.tags = tags.ParseComment(packet[7:])
		return nil
	case 2:
		mended, err := mendVorbisSetup(packet[7:])
		if err != nil {
			return err
		}
		packet = append(packet[:7:7], mended...)
	}
	return s.dec.ReadHeader(packet)
}

// checkVorbisID reads version:4 channels:1 rate:4 bit rates:12 block sizes:1 (§4.2.2).
func checkVorbisID(b []byte) error {
	if len(b) < 22 {
		return fmt.Errorf("%w: short header", errVorbis)
	}
	short, long := b[21]&15, b[21]>>4
	if short < 6 || long < short || long > 13 {
		return fmt.Errorf("%w: block sizes %d, %d", errVorbis, short, long)
	}
	return format{int(binary.LittleEndian.Uint32(b[5:]) & (1<<31 - 1)), int(b[4]), dsp.Vorbis}.check()
}

func (s *vorbisStream) Format() format {
	return format{s.dec.SampleRate(), s.dec.Channels(), dsp.Vorbis}
}

func (s *vorbisStream) Close() error { return nil }

func (s *vorbisStream) Read(dst []float32) (int, error) {
	for len(s.pending) == 0 {
		if err := s.advance(); err != nil {
			return 0, err
		}
	}
	channels := s.dec.Channels()
	n := copy(dst[:len(dst)/channels*channels], s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// advance decodes the packets of a page, or reads the next page.
func (s *vorbisStream) advance() error {
	if len(s.queue) == 0 {
		return s.turn()
	}
	packet := s.queue[0]
	s.queue = s.queue[1:]
	var out []float32
	if len(packet) > 0 && packet[0]&1 == 0 {
		out = s.decode(packet)
	}
	channels := s.dec.Channels()
	s.pos += int64(len(out) / channels)
	if s.granule >= 0 && len(s.queue) == 0 {
		out = s.align(out)
	}
	if !s.begun { // before the first position that is known nothing can be placed
		return nil
	}
	if early := s.goal - (s.pos - int64(len(out)/channels)); early > 0 {
		out = out[min(int(min(early, 1<<24))*channels, len(out)):]
	}
	s.pending = out
	return nil
}

// decode returns what a packet holds. One that is damaged is left out, also when
// the decoder breaks over it.
func (s *vorbisStream) decode(packet []byte) (out []float32) {
	defer func() {
		if recover() != nil {
			s.dec.Clear()
			out = nil
		}
	}()
	out, err := s.dec.DecodeInto(packet, s.buffer)
	if err != nil {
		s.dec.Clear()
		return nil
	}
	return out
}

// align believes the granule position of a page once its last packet is decoded
// into out. Only on the last page may it say less: the rest is padding.
func (s *vorbisStream) align(out []float32) []float32 {
	channels := int64(s.dec.Channels())
	if s.begun && s.last && s.granule < s.pos {
		keep := max(int64(len(out))-(s.pos-s.granule)*channels, 0)
		s.pos = s.granule
		return out[:keep]
	}
	if !s.begun || s.granule > s.pos {
		s.pos = s.granule // the join after a seek, or after damage
	}
	s.begun = true
	return out
}

// turn reads the next page of the stream, or of the one chained to it.
func (s *vorbisStream) turn() error {
	p, err := s.pages.Next()
	if err != nil {
		return err
	}
	if p.Flags&ogg.First != 0 && bytes.HasPrefix(p.Body, []byte("\x01vorbis")) && p.Serial != s.serial {
		s.goal = 0
		return s.headers(p)
	}
	if p.Serial != s.serial {
		return nil
	}
	s.cut(p)
	return nil
}

// cut makes packets of a page.
func (s *vorbisStream) cut(p *ogg.Page) {
	s.granule, s.last = p.Granule, p.Flags&ogg.Last != 0
	s.queue = s.cutter.Cut(p)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
