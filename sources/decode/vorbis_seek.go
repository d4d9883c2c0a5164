package decode

import (
	"errors"
	"io"

	"busker/opus/ogg"
)

// SeekSample implements stream. Decoding starts on a page that ends well before the goal:
// its last packet gives the position, the one behind it the first whole sound.
func (s *vorbisStream) SeekSample(sample int64) (int64, error) {
	if sample == 0 {
		return 0, nil
	}
	s.goal = sample
	if s.length <= 0 {
		return sample, nil // nothing to go by: decode up to it
	}
	data := s.pages.End()
	for back := int64(s.dec.SampleRate()); ; back *= 4 {
		at, err := s.pageBefore(sample-back, data)
		if err != nil {
			return 0, err
		}
		if at <= data {
			return sample, s.restart(data, true)
		}
		if err := s.restart(at, false); err != nil {
			return 0, err
		}
		for !s.begun && err == nil {
			err = s.advance()
		}
		if err == nil && s.pos-int64(len(s.pending)/s.dec.Channels()) <= sample {
			return sample, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
}

// restart reads on from a page, at the beginning or in the middle.
func (s *vorbisStream) restart(offset int64, beginning bool) error {
	s.dec.Clear()
	s.cutter = ogg.Cutter{Limit: maxVorbisPacket}
	s.queue, s.pending = nil, nil
	s.begun, s.pos = beginning, 0
	return s.goTo(offset)
}

// pageBefore returns the offset of a page that ends at or before sample, or data,
// where the audio begins.
func (s *vorbisStream) pageBefore(sample, data int64) (int64, error) {
	low, best := data, data
	high, err := s.seeker.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	for sample > 0 && high-low > ogg.MaxPageBytes {
		middle := low + (high-low)/2
		if err := s.goTo(middle); err != nil {
			return 0, err
		}
		granule, start, err := s.positioned(high)
		switch {
		case err != nil:
			return 0, err
		case granule >= 0 && granule <= sample:
			best, low = start, s.pages.End()
		default:
			high = middle
		}
	}
	return best, nil
}

// positioned returns position and offset of the next page of the stream that begins
// before limit and has a position; a negative one when there is none.
func (s *vorbisStream) positioned(limit int64) (granule, start int64, err error) {
	for {
		p, err := s.pages.Next()
		switch {
		case errors.Is(err, io.EOF), err == nil && s.pages.Start() >= limit:
			return -1, 0, nil
		case err != nil:
			return 0, 0, err
		case p.Serial == s.serial && p.Granule >= 0:
			return p.Granule, s.pages.Start(), nil
		}
	}
}
