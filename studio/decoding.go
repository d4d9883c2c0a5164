package studio

import (
	"errors"
	"io"

	"busker/audio"
	"busker/opus"
)

// decoding makes blocks of a listener's packets. Their beginning and end are those of
// the sound: what the encoder put before and after it is cut off.
type decoding struct {
	decoder opus.Decoder
	packet  audio.Packet
	pcm     [3 * len(audio.Block{})]float32 // the first have of them are to be given out
	have    int
	drop    int // floats at the beginning that are not sound
	begun   bool
	ended   bool
	tail    int // as audio.Ending counts
}

// ReadBlock decodes the next 20 ms.
func (l *listener) ReadBlock(b *audio.Block) error {
	if l.blocks == nil {
		if err := l.startDecoding(); err != nil {
			return err
		}
	}
	d := l.blocks
	// How much of the last packet is sound is known only after it: one block stays back.
	for !d.ended && d.have < 2*len(b) {
		err := l.ReadPacket(&d.packet)
		switch {
		case errors.Is(err, io.EOF):
			d.ended = true
			d.have = max(0, d.have-audio.Channels*l.tail)
		case err != nil:
			return err
		default:
			if err := l.decode(d); err != nil {
				l.failed = err
				return err
			}
		}
	}
	return d.take(b)
}

func (l *listener) startDecoding() error {
	decoder, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		_ = decoder.Close()
		return l.cause
	}
	l.blocks = &decoding{decoder: decoder}
	return nil
}

// decode adds a packet's audio. Close waits for it, and no longer.
func (l *listener) decode(d *decoding) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return l.cause
	}
	if !d.begun {
		d.begun, d.drop = true, l.skip*audio.Channels
	}
	room := d.pcm[d.have:]
	n, err := d.decoder.Decode(room, d.packet.Bytes())
	if err != nil || n != audio.FrameSamples { // damaged: made up as if it were lost
		if n, err = d.decoder.Decode(room, nil); err != nil {
			return err
		}
	}
	d.have += n * audio.Channels
	cut := min(d.drop, d.have)
	d.drop -= cut
	d.shift(cut)
	return nil
}

// take gives out a block, the last one padded.
func (d *decoding) take(b *audio.Block) error {
	if d.have <= 0 {
		return io.EOF
	}
	n := copy(b[:], d.pcm[:d.have])
	clear(b[n:])
	d.tail = (len(b) - n) / audio.Channels
	d.shift(n)
	return nil
}

func (d *decoding) shift(n int) {
	copy(d.pcm[:], d.pcm[n:d.have])
	d.have -= n
}
