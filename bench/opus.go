package bench

import (
	"io"

	"busker/audio"
	"busker/opus"
	"busker/opus/ogg"
)

// WriteOpus writes frames of blocks, again and again, to w as Ogg Opus.
func WriteOpus(w io.Writer, blocks []audio.Block, frames int, o opus.EncoderOptions) error {
	e, err := opus.NewEncoder(o)
	if err != nil {
		return err
	}
	defer e.Close() //nolint:errcheck // nothing is left in it
	out, err := ogg.NewWriter(w, ogg.WriterOptions{Head: ogg.Head{Channels: 2, Streams: 1, Coupled: 1, PreSkip: e.Lookahead()}, Serial: 1})
	if err != nil {
		return err
	}
	var packet [audio.MaxPacketBytes]byte
	for n := range frames {
		size, err := e.Encode(packet[:], &blocks[n%len(blocks)])
		if err != nil {
			return err
		}
		if err := out.WritePacket(packet[:size], audio.FrameSamples); err != nil {
			return err
		}
	}
	return out.Close()
}
