package decode

import (
	"errors"
	"fmt"

	"busker/dsp"
	"busker/sources/decode/mp3"
	"busker/sources/decode/tags"
)

type mp3Stream struct{ *mp3.Decoder }

func (s mp3Stream) Format() format { return format{s.Rate(), mp3.Channels, dsp.WAVE} }

func openMP3(c *content) (stream, Info, error) {
	d, err := mp3.NewDecoder(c.reader(), mp3.Options{Size: c.size(), Guess: c.in.Slow, Endless: c.in.Live})
	if errors.Is(err, mp3.ErrUnsupported) {
		return nil, Info{}, fmt.Errorf("%w: %w", errElsewhere, err)
	}
	if err != nil {
		return nil, Info{}, err
	}
	info := Info{Length: duration(d.Samples, d.Rate())}
	if gain, known := d.Gain(); known {
		info.Loudness = tags.ReplayGain(gain)
	}
	return mp3Stream{d}, info, nil
}
