package encode

import (
	"errors"
	"io"

	"busker/audio"
	"busker/opus"
	"busker/opus/dca"
)

// press encodes blocks into a file.
type press struct {
	encoder opus.Encoder
	writer  *dca.Writer
	blocks  int64
	packet  [audio.MaxPacketBytes]byte
}

func (p *press) put(b *audio.Block) error {
	p.blocks++
	n, err := p.encoder.Encode(p.packet[:], b)
	if err != nil || n == 0 { // some answer later
		return err
	}
	return p.writer.WritePacket(p.packet[:n])
}

// end writes what the encoder still holds, padding being how many samples of the last
// block are none of the sound.
func (p *press) end(padding int) (skip, tail int, err error) {
	skip = p.encoder.Lookahead()
	sound := p.blocks*int64(audio.FrameSamples) - int64(padding)
	if p.blocks == 0 {
		return 0, 0, nil
	}
	var silence audio.Block
	for p.blocks*int64(audio.FrameSamples) < int64(skip)+sound {
		if err := p.put(&silence); err != nil {
			return 0, 0, err
		}
	}
	for {
		n, err := opus.Flush(p.encoder, p.packet[:])
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.writer.WritePacket(p.packet[:n])
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return skip, int(max(0, p.writer.Samples()-int64(skip)-sound)), nil
}
