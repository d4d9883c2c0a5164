package player

import (
	"context"
	"fmt"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
)

// lookahead is how many samples every encoder of ours holds back at 48 kHz (Opus at
// 20 ms outside its low-delay mode: 2.5 ms of overlap and 4 ms of delay compensation).
const lookahead = 312

// Mode says how the sound of a player is made.
type Mode uint8

// The modes.
const (
	ModeEncoding    Mode = iota // PCM is encoded for this guild alone
	ModePassthrough             // packets are sent as they came
)

var modeNames = [...]string{"encoding", "passthrough"}

// String returns the mode as one word.
func (m Mode) String() string { return nameOf(modeNames[:], m) }

// plain reports that nothing is done to the sound, so that packets may stay packets.
func (p *pump) plain(s *segment) bool {
	return p.volume == 1 && p.gain.Unity() && (p.chain == nil || p.chain.Idle() || p.ready(s))
}

// ready reports that the filters of s have been applied before it came here.
func (p *pump) ready(s *segment) bool {
	done := s.prepared.Load()
	return done != nil && p.chain != nil && *done == p.chain.Settings()
}

// mix makes frames of one sound of s. What panics in there is the track's failure.
func (p *pump) mix(ctx context.Context, s *segment, x sound) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.caught(r)
		}
	}()
	s.taken++
	if x.packet != nil && p.plain(s) && !p.tap.open() {
		p.tap.pass(x.packet)
		p.push(s, frame{packet: x.packet}, s.taken)
		return nil
	}
	if err := p.compute(ctx); err != nil {
		x.recycle()
		return err
	}
	switch {
	case x.packet == nil:
		p.tap.shut()
		p.make(s, x.block)
	case !p.tap.open():
		return p.openTap(x.packet)
	default:
		return p.draw(s, x.packet)
	}
	return nil
}

// openTap begins to make PCM of packets: that of the frame before shows the encoder
// where to go on from.
func (p *pump) openTap(packet *audio.Packet) error {
	defer packet.Release()
	before, err := p.tap.begin(packet)
	if err != nil {
		return err
	}
	if before == nil {
		return nil
	}
	if f := p.window.at(p.window.end - 1); p.window.end > p.window.oldest() && f.packet != nil && f.block == nil {
		f.block, f.gain = before, dsp.NewGain(1)
	} else {
		blocks.Put(before)
	}
	return nil
}

// draw makes the frame before packet, and lets packet itself pass if it may.
func (p *pump) draw(s *segment, packet *audio.Packet) error {
	b := blocks.Get().(*audio.Block)
	whole, err := p.tap.next(packet, b)
	if err != nil || !whole {
		blocks.Put(b)
		packet.Release()
		return err
	}
	passes := p.plain(s)
	s.taken--
	p.make(s, b)
	s.taken++
	if !passes {
		p.tap.pass(packet)
		packet.Release()
		return nil
	}
	p.tap.stop()
	p.tap.pass(packet)
	p.push(s, frame{packet: packet}, s.taken)
	return nil
}

// make makes frames of one block of PCM.
func (p *pump) make(s *segment, b *audio.Block) {
	if p.chain == nil || p.ready(s) {
		p.push(s, frame{block: b}, s.taken)
		return
	}
	p.tails = 0
	p.chain.Push(b)
	blocks.Put(b)
	for p.pull(s, p.chain.Pull) {
	}
}

// pull pushes a frame that next fills, if it does.
func (p *pump) pull(s *segment, next func(*audio.Block) bool) bool {
	b := blocks.Get().(*audio.Block)
	if !next(b) {
		blocks.Put(b)
		return false
	}
	p.push(s, frame{block: b}, s.taken)
	return true
}

// push appends f, at whose end as many frames of the track have been heard as were
// taken, but for what the chain holds back.
func (p *pump) push(s *segment, f frame, taken int64) {
	f.segment = s
	length := audio.Duration(taken)
	p.mode.Store(int32(ModePassthrough))
	if f.packet == nil {
		p.mode.Store(int32(ModeEncoding))
		if p.chain != nil {
			length -= time.Duration(p.chain.Delay() * float64(audio.FrameTime))
		}
	}
	length = max(length, time.Duration(s.length.Load()))
	if s.frames.Load() == 0 {
		s.first.Store(p.window.end)
	}
	s.length.Store(int64(length))
	p.append(s, f)
	s.frames.Add(1)
}

// append gives f the next number; it is the newest frame of s, or of the silence behind it.
func (p *pump) append(s *segment, f frame) {
	p.times[p.window.end%int64(len(p.times))].Store(s.length.Load())
	p.window.push(f)
	s.last.Store(p.window.end)
}

// ring makes a frame of what is left of the packets at the end of s.
func (p *pump) ring(ctx context.Context, s *segment) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.caught(r)
		}
	}()
	if p.tap.open() {
		if err := p.compute(ctx); err != nil {
			return err
		}
		b := blocks.Get().(*audio.Block)
		if p.tap.rest(b) {
			p.make(s, b)
		} else {
			blocks.Put(b)
		}
	}
	p.tap.shut()
	return nil
}

// maxTail is how long filters may ring out after the last track, in frames.
const maxTail = 10 * audio.FramesPerSecond

// tail makes one more frame of the chain after the end of s, when nothing follows. It
// reports false when the sound is over.
func (p *pump) tail(ctx context.Context, s *segment) (more bool) {
	defer func() {
		if r := recover(); r != nil {
			_ = p.caught(r)
			p.chain, more = nil, false
		}
	}()
	if p.chain == nil || p.chain.Idle() || s == p.current && p.follow != nil || p.tails >= maxTail || s.frames.Load() == 0 {
		return false
	}
	p.tails++
	return p.compute(ctx) == nil && p.pull(s, p.chain.Drain)
}

// setFilters has the chain glide to other filters, with the next frame that is made.
func (p *pump) setFilters(ctx context.Context, s dsp.Settings) {
	p.tell(ctx, func() {
		if p.chain == nil && s != (dsp.Settings{}) {
			p.chain = dsp.NewChain(dsp.Settings{})
		}
		if p.chain != nil {
			p.chain.Set(s)
		}
	})
}

// compute sees to it that there is a core for one more frame.
func (p *pump) compute(ctx context.Context) error {
	if p.job >= jobFrames {
		p.rest()
	}
	if p.job < 0 {
		unsent := audio.Duration(max(p.window.next-p.sent(), 0))
		if err := p.turn.Begin(ctx, time.Now().Add(unsent)); err != nil {
			return fmt.Errorf("wait for a core: %w", err)
		}
		p.job = 0
	}
	p.job++
	return nil
}

// rest gives the core back.
func (p *pump) rest() {
	if p.job >= 0 {
		made := p.job
		p.job = -1
		p.turn.End(made)
	}
}

func errEncode(step string, err error) error {
	return fault.Wrap(fault.Internal, "The sound could not be encoded.", fmt.Errorf("%s: %w", step, err))
}
