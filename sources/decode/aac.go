package decode

import (
	"errors"
	"fmt"
	"io"
	"time"

	"busker/dsp"
	"busker/internal/fault"
	"busker/sources/decode/aac"
	"busker/sources/decode/mp4"
	"busker/sources/decode/tags"
)

type adtsStream struct{ *aac.Stream }

func (s adtsStream) Format() format { return format{s.Rate(), s.Channels(), dsp.AAC} }

func (s adtsStream) Close() error { return nil }

func openADTS(c *content) (stream, Info, error) {
	s, err := aac.NewStream(c.reader(), aac.Options{Size: c.size(), Guess: c.in.Slow})
	if errors.Is(err, aac.ErrUnsupported) {
		return nil, Info{}, fmt.Errorf("%w: %w", errElsewhere, err)
	}
	if err != nil {
		return nil, Info{}, err
	}
	return adtsStream{s}, Info{Length: duration(s.Samples, s.Rate())}, nil
}

// mp4Stream decodes the AAC of an MP4 file and cuts it to what is presented.
type mp4Stream struct {
	file    *mp4.Reader
	unit    *aac.Unit
	pcm     [aac.FrameSamples * 2]float32
	pending []float32
	start   int64 // samples of priming
	skip    int64 // samples to drop
	left    int64 // samples to go, -1 when the file does not say
	length  int64
}

func openMP4(c *content) (stream, Info, error) {
	file, err := mp4.NewReader(c.reader())
	switch {
	case errors.Is(err, mp4.ErrSilent):
		return nil, Info{}, fault.Wrap(fault.Unsupported, "This MP4 file has no sound.", err)
	case err != nil:
		return nil, Info{}, err
	}
	t := file.Track
	info := Info{Format: "MP4 (" + codecName(t) + ")"}
	if t.Length > 0 {
		info.Length = time.Duration(float64(t.Length) / float64(t.Timescale) * float64(time.Second))
	}
	info.add(file.Tags)
	switch {
	case t.Codec == "enca" || t.Codec == "drms":
		return nil, info, fault.New(fault.Unsupported, "This file is protected against copying (DRM) and cannot be played.")
	case t.Codec != "mp4a" || t.Object != 0x40 && t.Object != 0x67:
		return nil, info, fmt.Errorf("%w: codec %q, object %#x", errElsewhere, t.Codec, t.Object)
	}
	s := &mp4Stream{file: file, left: -1}
	if s.unit, err = aac.NewUnit(t.Config); err == nil {
		err = s.first()
	}
	if errors.Is(err, aac.ErrUnsupported) {
		return nil, info, fmt.Errorf("%w: %w", errElsewhere, err)
	}
	if err == nil && info.Length == 0 && file.Fragmented() && c.seeker != nil && !c.in.Slow {
		if info.Length, err = s.count(); err != nil {
			return nil, info, err
		}
	}
	return s, info, err
}

// count measures a fragmented file, which says nowhere how long it is.
func (s *mp4Stream) count() (time.Duration, error) {
	n, err := s.file.CountUnits()
	if err != nil {
		return 0, err
	}
	_, err = s.SeekSample(0)
	return duration(max(n*aac.FrameSamples-s.start, 0), s.unit.Rate), err
}

// first decodes one unit, which alone shows whether it is HE-AAC.
func (s *mp4Stream) first() error {
	t, rate := s.file.Track, int64(s.unit.Rate)
	s.start = t.Start * rate / t.Timescale
	s.skip = s.start
	s.length = -1
	if t.Length > 0 {
		s.length = (t.Length*rate + t.Timescale/2) / t.Timescale
	}
	s.left = s.length
	unit, err := s.file.Next()
	if err != nil {
		return err
	}
	n, err := s.unit.Decode(s.pcm[:], unit)
	s.take(n)
	return err
}

func (s *mp4Stream) Format() format { return format{s.unit.Rate, s.unit.Channels, dsp.AAC} }

func (s *mp4Stream) Close() error { return nil }

func (s *mp4Stream) Read(dst []float32) (int, error) {
	for len(s.pending) == 0 {
		if s.left == 0 {
			return 0, io.EOF
		}
		unit, err := s.file.Next()
		if err != nil {
			return 0, err
		}
		n, err := s.unit.Decode(s.pcm[:], unit)
		if err != nil {
			return 0, err
		}
		s.take(n)
	}
	n := copy(dst, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// take keeps what of the n values decoded is presented.
func (s *mp4Stream) take(n int) {
	channels := int64(s.unit.Channels)
	frames := int64(n) / channels
	drop := min(s.skip, frames)
	s.skip -= drop
	s.pending = s.pcm[drop*channels : frames*channels]
	if s.left >= 0 {
		keep := min(s.left, frames-drop)
		s.left -= keep
		s.pending = s.pending[:keep*channels]
	}
}

func (s *mp4Stream) SeekSample(sample int64) (int64, error) {
	at := sample + s.start
	unit := max(at/aac.FrameSamples-1, 0) // a unit sounds whole only after the one before it
	if err := s.file.SeekUnit(unit); err != nil {
		return 0, err
	}
	s.pending, s.skip = nil, at-unit*aac.FrameSamples
	if s.length >= 0 {
		s.left = max(s.length-sample, 0)
	}
	return sample, s.unit.Reset()
}

// codecName is what people call the codec of a track.
func codecName(t *mp4.Track) string {
	switch {
	case t.Codec == "mp4a" && (t.Object == 0x40 || t.Object == 0x67):
		return "AAC"
	case t.Codec == "mp4a" && (t.Object == 0x69 || t.Object == 0x6B), t.Codec == ".mp3":
		return "MP3"
	case t.Codec == "alac":
		return "ALAC"
	case t.Codec == "fLaC":
		return "FLAC"
	case t.Codec == "ac-3", t.Codec == "ec-3":
		return "Dolby Digital"
	}
	return tags.Clean(t.Codec)
}
