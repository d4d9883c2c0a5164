package decode

import (
	"errors"

	"busker/dsp"
	"busker/sources/decode/tags"
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
	if d.List == nil && d.ID3 == nil && c.seeker != nil && !c.in.Slow {
		if err := d.Tail(); err != nil {
			return nil, Info{}, err
		}
	}
	info.add(tags.ParseInfo(d.List))
	info.add(tags.ParseID3v2(d.ID3))
	return waveStream{d}, info, nil
}
