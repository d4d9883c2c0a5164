package decode

import (
	"errors"
	"fmt"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/repack"
	"busker/opus/toc"
)

// passer is the Reader of content whose packets can be handed on as they are. It
// implements audio.PacketReader.
//
// A live stream may chain what cannot be handed on behind what could: with longer
// frames or with an output gain. From there to its end it is decoded and encoded
// anew, so that its listeners hear it go on.
type passer struct {
	*reader
	packets  *opusStream
	mode     mode
	repacker repack.Repacker // of packets that are not 20 ms
	encoder  opus.Encoder    // of what cannot be handed on; nil until there is any
	block    *audio.Block

	// Places in the audio of all packets, in samples.
	in    int64 // behind the packets taken
	out   int64 // behind the packets given, or left out
	until int64 // where the sound of the packets taken ends: then there is padding
	lead  int64 // how much more to leave out before the next sound
	skip  int   // of the first packet given
	given bool
}

// mode is how a passer is read: the first call decides.
type mode uint8

const (
	undecided mode = iota
	byPackets
	byBlocks
)

var (
	errMode = errors.New("read by packets and by blocks")
	// errPass says that a packet cannot be handed on.
	errPass = errors.New("not to be handed on")
)

// passage returns r as one whose packets can be handed on, if its first packet can.
func passage(r *reader) audio.Reader {
	s, ok := r.stream.(*opusStream)
	if !ok || s.held == nil || !passable(s.held, s.heldCut) {
		return r
	}
	return &passer{reader: r, packets: s}
}

// passable reports whether Discord takes what is in a packet as it is.
func passable(packet []byte, c cut) bool {
	return c.gain == 0 && repack.Possible(packet[0])
}

// ReadBlock implements audio.Reader.
func (p *passer) ReadBlock(b *audio.Block) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.enter(byBlocks); err != nil {
		return err
	}
	return p.reader.block(b)
}

// ReadPacket implements audio.PacketReader.
func (p *passer) ReadPacket(packet *audio.Packet) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.enter(byPackets); err != nil {
		return err
	}
	if p.encoder != nil {
		return p.encode(packet)
	}
	if p.err != nil {
		return p.err
	}
	err := guard(p.name, func() error { return p.pass(packet) })
	if errors.Is(err, errPass) {
		return p.turn(packet)
	}
	if err != nil {
		p.err = p.verdict(err, 0)
	}
	return p.err
}

// enter decides the mode, or checks it.
func (p *passer) enter(m mode) error {
	if p.mode == undecided {
		p.mode, p.lead = m, p.reader.skip // up to which reader itself would decode
	}
	switch {
	case p.closed.Load():
		return fmt.Errorf("read %s: %w", p.name, errClosed)
	case p.mode != m:
		return fmt.Errorf("read %s: %w", p.name, errMode)
	}
	return nil
}

// Skip implements audio.PacketReader.
func (p *passer) Skip() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.skip
}

// pass sets dst to the next packet with any sound in it.
func (p *passer) pass(dst *audio.Packet) error {
	for {
		packet, ok := p.repacker.Pull()
		if !ok {
			var err error
			if packet, err = p.take(); err != nil {
				return err
			}
		}
		if packet != nil && p.wanted() {
			dst.Set(packet)
			return nil
		}
	}
}

// take gets the next packet. One of 20 ms it returns as it is; of others the repacker
// makes some.
func (p *passer) take() ([]byte, error) {
	packet, c, err := p.packets.next()
	if err != nil {
		if last, _, ok := p.repacker.Drain(); ok {
			return last, nil // next fails again
		}
		return nil, err
	}
	if c.fresh {
		p.repacker.Reset()
		p.out = p.in
	}
	n, err := toc.Samples(packet)
	if err != nil {
		return nil, nil //nolint:nilerr // nothing is left of it
	}
	whole := n == audio.FrameSamples && len(packet) <= audio.MaxPacketBytes && p.repacker.Held() == 0
	if passable(packet, c) && !whole {
		err = p.repacker.Push(packet)
	}
	switch {
	case err != nil && fault.KindOf(err) == fault.Corrupt: // KindOf allocates
		return nil, nil
	case err != nil || !passable(packet, c):
		p.packets.back(packet, c)
		return nil, errPass
	}
	p.account(n, c)
	if whole {
		return packet, nil
	}
	return nil, nil
}

// account notes which of the n samples of a packet taken are to be heard.
func (p *passer) account(n int, c cut) {
	p.content.silent.Store(0)
	p.decoded = true
	p.lead += int64(c.start)
	if c.end < n {
		p.until = p.in + int64(n-c.end)
	}
	p.in += int64(n)
}

// wanted steps over the next 20 ms and reports whether there is sound in them.
func (p *passer) wanted() bool {
	padding := p.out + int64(audio.FrameSamples) - p.until
	p.out += int64(audio.FrameSamples)
	switch {
	case padding >= int64(audio.FrameSamples):
		return false
	case p.lead >= int64(audio.FrameSamples):
		p.lead -= int64(audio.FrameSamples)
		return false
	}
	if !p.given {
		p.skip, p.given = int(p.lead), true
	}
	p.lead, p.tail = 0, int(max(padding, 0))
	return true
}

// turn begins to decode and encode what comes.
func (p *passer) turn(packet *audio.Packet) error {
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		p.err = fmt.Errorf("encode %s: %w", p.name, err)
		return p.err
	}
	p.encoder, p.block, p.reader.skip = e, new(audio.Block), p.lead
	return p.encode(packet)
}

func (p *passer) encode(packet *audio.Packet) error {
	if err := p.reader.block(p.block); err != nil {
		return err
	}
	n, err := p.encoder.Encode(packet.Buffer(), p.block)
	if err != nil {
		p.err = fmt.Errorf("encode %s: %w", p.name, err)
		return p.err
	}
	packet.SetLen(n)
	return nil
}

// Close implements audio.Reader.
func (p *passer) Close() error {
	err := p.reader.Close() // what reads has ended then, and nothing reads again
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.encoder != nil {
		err = errors.Join(err, p.encoder.Close())
		p.encoder = nil
	}
	return err
}

var (
	_ audio.PacketReader = (*passer)(nil)
	_ audio.Ending       = (*passer)(nil)
	_ audio.Waiting      = (*passer)(nil)
)
