package encode

import (
	"errors"
	"io"

	"busker/audio"
	"busker/dsp"
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

// filtered is a Reader behind a chain of filters.
type filtered struct {
	reader audio.Reader
	chain  *dsp.Chain // nil = none
	bar    *progress
	in     audio.Block
	ended  bool
}

func newFiltered(r audio.Reader, s dsp.Settings, bar *progress) *filtered {
	f := &filtered{reader: r, bar: bar}
	if s != (dsp.Settings{}) {
		f.chain = dsp.NewChain(s)
	}
	return f
}

// read fills b with the next 20 ms and returns io.EOF when the last tail has rung out.
func (f *filtered) read(b *audio.Block) error {
	if f.chain == nil {
		err := f.reader.ReadBlock(b)
		f.bar.add(audio.FrameTime)
		return err
	}
	for !f.ended {
		if f.chain.Pull(b) {
			return nil
		}
		err := f.reader.ReadBlock(&f.in)
		if errors.Is(err, io.EOF) {
			f.ended = true
			break
		}
		if err != nil {
			return err
		}
		f.bar.add(audio.FrameTime)
		f.chain.Push(&f.in)
	}
	if f.chain.Drain(b) {
		return nil
	}
	return io.EOF
}

// tail is how many samples of the last block are padding.
func (f *filtered) tail() int {
	if e, ok := f.reader.(audio.Ending); ok && f.chain == nil {
		return e.Tail()
	}
	return 0
}
