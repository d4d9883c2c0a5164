package decode

import (
	"busker/dsp"
	"busker/sources/decode/flac"
	"busker/sources/decode/tags"
)

type flacStream struct{ *flac.Decoder }

func (s flacStream) Format() format { return format{s.Rate, s.Channels, dsp.WAVE} }

func (s flacStream) Close() error { return nil }

func openFLAC(c *content) (stream, Info, error) {
	d, err := flac.NewDecoder(c.reader(), c.size())
	if err != nil {
		return nil, Info{}, err
	}
	info := Info{Length: duration(d.Samples, d.Rate)}
	t := tags.ParseComment(d.Comment)
	for _, p := range d.Pictures {
		t.AddPicture(p)
	}
	info.add(t)
	return flacStream{d}, info, nil
}
