package decode

import (
	"errors"

	"busker/dsp"
	"busker/sources/decode/wav"
)

type waveStream struct{ *wav.Decoder }

func (s waveStream) Format() format { return format{s.Rate, s.Channels, dsp.WAVE} }

func (s waveStream) Close() error { return nil }

func openWAV(c *content) (stream, Info, error) {
	d, err := wav.NewDecoder(c.reader(), c.size())
	if errors.Is(err, wav.ErrEncoding) {
		return nil, Info{}, errElsewhere
	}
	if err != nil {
		return nil, Info{}, err
	}
	var info Info
	if d.Samples > 0 {
		info.Length = duration(d.Samples, d.Rate)
	}
	return waveStream{d}, info, nil
}
