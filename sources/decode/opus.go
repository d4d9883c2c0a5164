package decode

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/ogg"
	"busker/opus/toc"
	"busker/opus/webm"
	"busker/sources/decode/tags"
)

// packets is a container of Opus packets.
type packets interface {
	// next returns a packet and what to leave out of its audio, in samples; fresh
	// asks for a decoder that remembers nothing and has the given output gain.
	next() (packet []byte, cut cut, err error)
	seek(at time.Duration) error
}

type cut struct {
	start, end int
	fresh      bool
	gain       int // 1/256 dB
}

// opusStream decodes the packets of a container, or hands them out as they are.
type opusStream struct {
	packets packets
	held    []byte // a packet read ahead
	heldCut cut
	decoder opus.Decoder // nil until something is decoded
	gain    int          // of decoder
	pcm     []float32
	ready   []float32
}

func newOpusStream(p packets, gain int) *opusStream {
	return &opusStream{packets: p, gain: gain}
}

// prime implements primer.
func (s *opusStream) prime() (err error) {
	s.held, s.heldCut, err = s.packets.next()
	return err
}

// next returns the next packet, valid until the next call.
func (s *opusStream) next() ([]byte, cut, error) {
	if p := s.held; p != nil {
		s.held = nil
		return p, s.heldCut, nil
	}
	return s.packets.next()
}

// back makes p the packet next returns once more.
func (s *opusStream) back(p []byte, c cut) { s.held, s.heldCut = p, c }

func (s *opusStream) Format() format { return format{audio.SampleRate, audio.Channels, dsp.WAVE} }

func (s *opusStream) Read(dst []float32) (int, error) {
	for len(s.ready) == 0 {
		packet, cut, err := s.next()
		if err != nil {
			return 0, err
		}
		if err := s.decode(packet, cut); err != nil {
			return 0, err
		}
	}
	n := copy(dst, s.ready)
	s.ready = s.ready[n:]
	return n, nil
}

func (s *opusStream) decode(packet []byte, cut cut) error {
	if s.decoder == nil || cut.fresh {
		if err := s.refresh(cut.gain); err != nil {
			return err
		}
	}
	s.room(packet)
	n, err := s.decoder.Decode(s.pcm, packet)
	if err != nil && fault.KindOf(err) == fault.Corrupt { // KindOf allocates
		n, err = s.conceal(packet)
	}
	if err != nil {
		return err
	}
	from := min(cut.start, n)
	to := max(n-cut.end, from)
	s.ready = s.pcm[from*audio.Channels : to*audio.Channels]
	return nil
}

// conceal makes up the audio of a damaged packet, so that time does not shrink.
func (s *opusStream) conceal(packet []byte) (int, error) {
	length, err := opus.PacketDuration(packet)
	if fault.KindOf(err) == fault.Corrupt {
		return 0, nil // not even that is left of it
	}
	want, n := int(audio.DurationSamples(length)), 0
	for err == nil && n < want && len(s.pcm)-n*audio.Channels >= audio.FrameSamples*audio.Channels {
		var m int
		m, err = s.decoder.Decode(s.pcm[n*audio.Channels:], nil)
		n += m
	}
	return min(n, want), err
}

// room makes room for the audio of packet: most streams never have more than 20 ms
// in one.
func (s *opusStream) room(packet []byte) {
	frames := audio.FrameSamples
	if n, err := toc.Samples(packet); err == nil {
		for frames < n {
			frames += audio.FrameSamples
		}
	}
	if len(s.pcm) < frames*audio.Channels {
		s.pcm = make([]float32, frames*audio.Channels)
	}
}

// refresh makes the decoder one that has heard nothing.
func (s *opusStream) refresh(gain int) error {
	if s.decoder != nil && gain == s.gain {
		return s.decoder.Reset()
	}
	d, err := opus.NewDecoder(opus.DecoderOptions{Gain: gain})
	if err != nil {
		return fmt.Errorf("new opus decoder: %w", err)
	}
	err = s.Close()
	s.decoder, s.gain = d, gain
	return err
}

func (s *opusStream) SeekSample(sample int64) (int64, error) {
	s.held = nil
	return sample, s.packets.seek(audio.SamplesDuration(sample))
}

func (s *opusStream) Close() error {
	if s.decoder == nil {
		return nil
	}
	return s.decoder.Close()
}

type oggPackets struct{ *ogg.Reader }

func (p oggPackets) next() ([]byte, cut, error) {
	packet, err := p.ReadPacket()
	if err != nil {
		return nil, cut{}, err
	}
	head, i := p.Head(), p.Info()
	if monoOrStereo(head) != nil {
		return nil, cut{}, fault.New(fault.Unsupported, "What this stream sends now has more channels than can be played.")
	}
	return packet, cut{i.SkipStart, i.SkipEnd, i.Reset, head.OutputGain}, nil
}

func (p oggPackets) seek(at time.Duration) error { return p.Seek(at) }

// monoOrStereo refuses what one Opus decoder cannot decode.
func monoOrStereo(h ogg.Head) error {
	if h.Streams > 1 || h.Channels > audio.Channels {
		return fmt.Errorf("%w: opus with %d channels in %d streams", errElsewhere, h.Channels, h.Streams)
	}
	return nil
}

func openOggOpus(c *content) (stream, Info, error) {
	r, err := ogg.NewReader(c.reader())
	if err != nil {
		if fault.KindOf(err) == fault.Unsupported {
			err = fmt.Errorf("%w: %w", errElsewhere, err)
		}
		return nil, Info{}, err
	}
	if err := monoOrStereo(r.Head()); err != nil {
		return nil, Info{}, err
	}
	info := Info{}
	info.add(tags.FromComments(r.Tags().Comments))
	if c.seeker != nil && c.size() >= 0 {
		if n, err := r.Length(); err == nil {
			info.Length = audio.SamplesDuration(n)
		} else if c.failure() != nil {
			return nil, Info{}, err
		}
	}
	return newOpusStream(oggPackets{r}, r.Head().OutputGain), info, nil
}

type webmPackets struct {
	*webm.Reader
	gain int
}

func (p webmPackets) next() ([]byte, cut, error) {
	packet, err := p.ReadPacket()
	if err != nil {
		return nil, cut{}, err
	}
	i := p.Info()
	return packet, cut{i.SkipStart, i.SkipEnd, i.Reset, p.gain}, nil
}

func (p webmPackets) seek(at time.Duration) error { return p.Seek(at) }

func openWebM(c *content) (stream, Info, error) {
	r, err := webm.NewReader(c.reader())
	var other *webm.CodecError
	if errors.As(err, &other) {
		codec := strings.ToLower(strings.TrimPrefix(tags.Clean(other.Codec), "A_"))
		return nil, Info{Format: "Matroska (" + codec + ")"}, fmt.Errorf("%w: %w", errElsewhere, err)
	}
	if err != nil {
		return nil, Info{}, err
	}
	gain := 0
	if private := r.Track().CodecPrivate; len(private) > 0 {
		head, err := ogg.ParseHead(private)
		if err != nil {
			return nil, Info{}, fmt.Errorf("codec private: %w", err)
		}
		if err := monoOrStereo(head); err != nil {
			return nil, Info{}, err
		}
		gain = head.OutputGain
	}
	m := r.Meta()
	var gains tags.Gains
	var place tags.Place
	for name, value := range m.Tags {
		if !place.Add(name, value) {
			gains.Add(name, value)
		}
	}
	info := Info{
		Title: tags.Clean(m.Title), Artist: tags.Clean(m.Artist), Album: tags.Clean(m.Album),
		Place: place, Length: m.Duration, Loudness: gains.Loudness(),
	}
	return newOpusStream(webmPackets{r, gain}, gain), info, nil
}

// duration is the time n samples take at rate.
func duration(n int64, rate int) time.Duration {
	if rate <= 0 {
		return 0
	}
	r := int64(rate)
	return time.Duration(n/r)*time.Second + time.Duration(n%r)*time.Second/time.Duration(r)
}
