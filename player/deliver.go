package player

import (
	"context"
	"errors"
	"fmt"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
)

// deliver makes a packet of the next frame and hands it to the Output. Where that is
// full the pump waits, without a core. It returns the turn that follows: the same, unless the Output
// failed.
func (p *pump) deliver(turn order) order {
	if p.room == 0 {
		p.rest()
		room, err := p.await(turn.turn)
		if err != nil {
			return p.refused(turn, err)
		}
		if p.room = room; room == 0 {
			return turn
		}
	}
	packet, err := p.packet(turn.turn)
	if err != nil {
		if turn.turn.Err() == nil {
			p.failFrame(err)
		}
		return turn
	}
	p.room--
	if err := p.out.Send(packet); err != nil {
		return p.refused(turn, err)
	}
	p.window.advance()
	p.metrics.frames.Inc()
	return turn
}

// await waits until the Output takes packets again. While a track is about to begin or to
// end it looks up once per frame, and then may return without room.
func (p *pump) await(turn context.Context) (room int, err error) {
	if p.current == nil || p.current.started && !p.current.whole {
		return p.out.Await(turn)
	}
	ctx, cancel := context.WithTimeout(turn, audio.FrameTime)
	defer cancel()
	room, err = p.out.Await(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && turn.Err() == nil {
		return 0, nil
	}
	return room, err
}

// refused follows an Output that did not take a packet.
func (p *pump) refused(turn order, err error) order {
	p.primed, p.room = false, 0
	if turn.turn.Err() != nil {
		return turn
	}
	p.post(outputFailed{turn.no, err})
	return order{turn: turn.turn} // no turn: wait for an order
}

// packet returns the packet for the next frame.
func (p *pump) packet(ctx context.Context) (*audio.Packet, error) {
	f := p.window.at(p.window.next)
	if f.packet == nil {
		if err := p.compute(ctx); err != nil {
			return nil, err
		}
		return p.encode()
	}
	p.dropEncoder() // it would have to begin anew
	p.gain = dsp.NewGain(1)
	f.gain = p.gain
	packet := audio.NewPacket()
	packet.Set(f.packet.Bytes())
	return packet, nil
}

// encode makes a packet of the frame at window.next.
func (p *pump) encode() (packet *audio.Packet, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.caught(r)
		}
	}()
	if p.stale.Swap(false) {
		p.dropEncoder()
	}
	if err := p.prime(); err != nil {
		return nil, err
	}
	p.gain.Set(p.volume)
	if c := p.pool.Complexity(); c != p.complexity {
		if err := p.encoder.SetComplexity(c); err != nil {
			return nil, errEncode("set complexity", err)
		}
		p.complexity = c
	}
	f := p.window.at(p.window.next)
	f.gain = p.gain
	p.primed = false // until it has worked
	packet = audio.NewPacket()
	n, err := p.encoder.Encode(packet.Buffer(), p.render(f.block, &p.gain))
	if err != nil {
		packet.Release()
		return nil, fault.Wrap(fault.Internal, "The sound could not be encoded.", fmt.Errorf("encode frame: %w", err))
	}
	packet.SetLen(n)
	p.primed = true
	return packet, nil
}

// prime brings the encoder to where it was right after the frame before the next,
// by encoding that one again for nobody: an encoder remembers the end of what it
// was given before, and the listeners' decoders continue from what was sent.
func (p *pump) prime() error {
	if p.primed {
		return nil
	}
	if err := p.freshEncoder(); err != nil {
		return fault.Wrap(fault.Internal, "The sound could not be encoded.", fmt.Errorf("make encoder: %w", err))
	}
	if p.window.next == 0 {
		p.gain = dsp.NewGain(p.volume)
		return nil
	}
	before := p.window.at(p.window.next - 1)
	p.gain = before.gain
	_, err := p.encoder.Encode(p.scratch[:], p.render(before.block, &p.gain))
	return err
}

func (p *pump) freshEncoder() (err error) {
	if p.encoder != nil {
		return p.encoder.Reset()
	}
	p.encoder, err = p.newEncoder()
	p.complexity = -1
	return err
}

// render applies g to a block and returns the result, valid until the next call.
func (p *pump) render(b *audio.Block, g *dsp.Gain) *audio.Block {
	if b != nil && g.Unity() {
		return b
	}
	if b != nil {
		p.work = *b
	} else {
		p.work = audio.Block{}
	}
	g.Process(&p.work)
	return &p.work
}

// failFrame ends the segment of the next frame because of err. What is held of it
// becomes silence, so that the numbers of the frames behind it stay.
func (p *pump) failFrame(err error) {
	p.dropEncoder()
	failed := p.window.at(p.window.next).segment
	if failed == nil { // not even silence can be encoded
		p.window.truncate(p.window.next)
		return
	}
	p.complete(failed, err)
	p.tap.shut()
	failed.end = p.window.next
	for n := p.window.next; n < p.window.end; n++ {
		if f := p.window.at(n); f.segment == failed {
			p.window.recycle(n)
		}
	}
}

// dropEncoder closes the encoder, which may be in any state.
func (p *pump) dropEncoder() {
	defer func() {
		if r := recover(); r != nil {
			_ = p.caught(r)
		}
	}()
	e := p.encoder
	p.encoder, p.primed = nil, false
	if e != nil {
		_ = e.Close()
	}
}
