package player

import (
	"fmt"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
)

// warmUp is how many packets a decoder is given before what it says counts (RFC 7845
// §4.6: 80 ms).
const warmUp = 4

// tap turns the packets of an origin into PCM from any packet on, and so that nothing
// moves: what listeners hear of frame n is the same whether its packet is sent or its
// PCM encoded anew. An encoder holds back lookahead samples, so that of frame n must be
// given what lies so many samples later:
//
//	packets   |--- n-1 ---|---- n ----|--- n+1 ---|
//	PCM taken      |---- n-1 --|---- n ----|
//
// A frame's PCM is therefore complete with the packet behind its own.
type tap struct {
	lookahead int
	decoder   opus.Decoder    // nil = packets are sent as they are
	last      []*audio.Packet // the newest, up to warmUp+1: what a decoder would remember
	pcm       []float32       // decoded and not taken
}

// open reports whether packets become PCM at present.
func (t *tap) open() bool { return t.decoder != nil }

// pass notes a packet that is sent as it is.
func (t *tap) pass(p *audio.Packet) {
	if len(t.last) <= warmUp {
		t.last = append(t.last, audio.NewPacket())
	} else {
		oldest := t.last[0]
		copy(t.last, t.last[1:])
		t.last[len(t.last)-1] = oldest
	}
	t.last[len(t.last)-1].Set(p.Bytes())
}

// begin opens the tap with the first packet not to be sent. It returns the PCM of the
// frame before, nil where there was none.
func (t *tap) begin(p *audio.Packet) (before *audio.Block, err error) {
	if t.decoder, err = opus.NewDecoder(opus.DecoderOptions{}); err != nil {
		return nil, fmt.Errorf("make decoder: %w", err)
	}
	for i, old := range t.last {
		t.pcm = t.pcm[:0] // but for the last one's it is only to warm up
		if err := t.decode(old); err != nil {
			return nil, err
		}
		if i == len(t.last)-1 {
			before = blocks.Get().(*audio.Block)
		}
	}
	if before == nil {
		// Nothing was sent yet: the first frame begins where the origin does.
		t.pcm = t.pcm[:0]
		return nil, t.decodeFirst(p)
	}
	if err := t.decode(p); err != nil {
		blocks.Put(before)
		return nil, err
	}
	t.drop(t.lookahead)
	t.take(before)
	return before, nil
}

// decodeFirst decodes the first packet of all and leaves out what would have been in
// front of its frame.
func (t *tap) decodeFirst(p *audio.Packet) error {
	if err := t.decode(p); err != nil {
		return err
	}
	t.drop(t.lookahead)
	return nil
}

// next takes a packet and fills b with the PCM of the frame before it. It reports false
// when there is no such frame.
func (t *tap) next(p *audio.Packet, b *audio.Block) (bool, error) {
	if err := t.decode(p); err != nil {
		return false, err
	}
	return t.take(b), nil
}

// rest fills b with what is left of the last frame, and with silence behind it.
func (t *tap) rest(b *audio.Block) bool {
	n := copy(b[:], t.pcm)
	clear(b[n:])
	t.pcm = t.pcm[:0]
	return n > 0
}

// shut closes the decoder and forgets all packets: what comes next does not continue them.
func (t *tap) shut() {
	t.stop()
	for _, p := range t.last {
		p.Release()
	}
	t.last = t.last[:0]
}

// stop closes the decoder: packets are sent as they are again.
func (t *tap) stop() {
	if t.decoder != nil {
		_ = t.decoder.Close()
		t.decoder, t.pcm = nil, nil
	}
}

// decode appends the PCM of p; a damaged packet's place is filled.
func (t *tap) decode(p *audio.Packet) error {
	const room = audio.FrameSamples * audio.Channels // a PacketReader's packets are no longer
	have := len(t.pcm)
	if cap(t.pcm) < have+room {
		grown := make([]float32, have, 3*room)
		copy(grown, t.pcm)
		t.pcm = grown
	}
	n, err := t.decoder.Decode(t.pcm[have:have+room], p.Bytes())
	if fault.KindOf(err) == fault.Corrupt {
		n, err = t.decoder.Decode(t.pcm[have:have+room], nil)
	}
	if err != nil {
		return fmt.Errorf("decode packet: %w", err)
	}
	t.pcm = t.pcm[:have+n*audio.Channels]
	return nil
}

func (t *tap) drop(samples int) {
	n := min(samples*audio.Channels, len(t.pcm))
	t.pcm = t.pcm[:copy(t.pcm, t.pcm[n:])]
}

// take moves one frame out of what is decoded, if there is a whole one.
func (t *tap) take(b *audio.Block) bool {
	if len(t.pcm) < len(b) {
		return false
	}
	copy(b[:], t.pcm)
	t.drop(audio.FrameSamples)
	return true
}
