package player

import (
	"fmt"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
)

// hopeMargin is how many unsent frames must be there to wait for what follows a track
// rather than to end it without: enough to make the frames around the seam.
const hopeMargin = fillerMargin + 1

// startMaking makes what comes next of s go on where the packets passed on so far end.
func (p *pump) startMaking(s *segment) (supply, error) {
	p.passing = 0
	if p.chain != nil {
		p.chain.Reset()
	}
	switch {
	case p.jumped || p.window.endsInFiller():
		p.forgetLast()
		if p.jumped {
			p.startChain(p.filters(s))
		}
	case p.last != nil: // it was put back there
	case s.packets && s.passed > 0:
		return p.stepOn(s)
	default:
		if err := p.recallLast(); err != nil {
			return starved, err
		}
	}
	p.making = true
	return served, nil
}

// startChain has the chain begin with settings that hold at once.
func (p *pump) startChain(to dsp.Settings) {
	if p.chain == nil && !to.Neutral() {
		p.chain = dsp.NewChain(to)
	} else if p.chain != nil {
		p.chain.Set(to)
		p.chain.Reset()
	}
}

// stepOn puts s, whose packets were passed on so far, on a deck. The decoder hears what
// listeners heard, and the encoder what its lead makes of the frame before, so that
// sound goes on at the same level and at the very sample.
func (p *pump) stepOn(s *segment) (supply, error) {
	if count, over := s.reel.left(); count < 2 && !over {
		return starved, nil
	} else if count == 0 {
		p.exhaust(s)
		return served, nil
	}
	d, err := p.mount(s)
	if err != nil {
		return starved, err
	}
	for n := p.warmFrom(p.window.end); n < p.window.end; n++ {
		d.hear(p.window.at(n).packet)
	}
	if _, err := d.next(); err != nil {
		return starved, err
	}
	d.skip(int(p.lead()))
	p.forgetLast()
	p.last = blocks.Get().(*audio.Block)
	d.before(p.last)
	p.making = true
	return served, nil
}

// warmFrom returns the number of the first packet a decoder must hear to know what
// listeners know right before frame n.
func (p *pump) warmFrom(n int64) int64 { return max(n-leadPackets, p.window.oldest(), 0) }

// recallLast decodes the end of what was passed on, and makes up what the encoder
// would have been given beyond that, for it to go on from.
func (p *pump) recallLast() error {
	d := deck{decoder: p.decks[0].decoder, pcm: p.decks[0].pcm}
	if p.decks[0].segment != nil {
		d = deck{}
	}
	err := d.prepare(p.newDecoder)
	defer func() {
		if p.decks[0].segment == nil {
			p.decks[0].decoder, p.decks[0].pcm = d.decoder, d.pcm
		} else {
			d.close()
		}
	}()
	if err != nil {
		return fault.Wrap(fault.Internal, "The sound could not be decoded.", fmt.Errorf("make decoder: %w", err))
	}
	for n := p.warmFrom(p.window.end); n < p.window.end; n++ {
		d.hear(p.window.at(n).packet)
	}
	lead := int(p.lead())
	d.conceal()
	d.low = d.high - audio.FrameSamples + lead
	p.forgetLast()
	p.last = blocks.Get().(*audio.Block)
	d.before(p.last)
	return nil
}

// render returns the next block as it is to be encoded.
func (p *pump) render() (b *audio.Block, got supply, err error) {
	s := p.source()
	to := p.filters(s)
	if p.chain == nil && !to.Neutral() {
		p.chain = dsp.NewChain(dsp.Settings{})
		if p.last != nil { // it hears what was heard, so that filters glide in
			p.chain.Push(p.last)
			p.chain.Pull(new(audio.Block))
		}
	}
	if p.chain != nil {
		p.chain.Set(to)
	}
	if p.chain == nil || p.chain.Idle() {
		b, got, err = p.input()
	} else {
		b, got, err = p.filtered()
	}
	if got == served && err == nil {
		p.finish(b)
	}
	return b, got, err
}

// filtered returns the next block the chain has.
func (p *pump) filtered() (*audio.Block, supply, error) {
	out := blocks.Get().(*audio.Block)
	for {
		if p.pulling = p.chain.Pull(out); p.pulling {
			return out, served, nil
		}
		in, got, err := p.input()
		if got != served || err != nil {
			blocks.Put(out)
			return nil, got, err
		}
		p.chain.Push(in)
		blocks.Put(in)
	}
}

// finish applies what comes behind the chain.
func (p *pump) finish(b *audio.Block) {
	p.gain.Set(p.volume)
	loud := p.gain.Factor() > 1 || !p.gain.Unity() && p.ceiling.in || p.fade.on
	for i := range p.decks {
		if s := p.decks[i].segment; s != nil && p.decks[i].level.boosts(s.loudness) {
			loud = true
		}
	}
	p.gain.Process(b)
	tame(b)
	p.ceiling.process(b, loud)
}

// tame makes silence of what is no number, or beyond anything that is sound.
func tame(b *audio.Block) {
	const utmost = 1 << 16 // +96 dB
	for i, v := range b {
		if !(v < utmost && v > -utmost) {
			b[i] = 0
		}
	}
}

// input returns the next block of the line.
func (p *pump) input() (*audio.Block, supply, error) {
	for {
		s := p.source()
		if s == nil {
			return nil, dry, nil
		}
		d, err := p.mount(s)
		if d == nil || err != nil {
			return nil, starved, err
		}
		if !d.ready(audio.FrameSamples) {
			return nil, starved, nil
		}
		left, over := d.left()
		if over && left <= 0 {
			p.exhaust(s)
			continue
		}
		if p.fadeDue(s) {
			return p.crossed(s, d)
		}
		if over && left < audio.FrameSamples {
			return p.joined(s, d, left)
		}
		p.place(s, 0)
		b, err := p.plainBlock(s, d)
		if err != nil {
			return nil, starved, err
		}
		p.depart(b)
		p.line += int64(audio.FrameSamples)
		return b, served, nil
	}
}

// plainBlock returns a block from the middle of s.
func (p *pump) plainBlock(s *segment, d *deck) (b *audio.Block, err error) {
	if !p.changes(s) && s.packets && !p.seam && d.offStep(p.lead()) != 0 {
		if b, err = p.comeIntoStep(s, d); b != nil || err != nil {
			return b, err
		}
	}
	if b = d.whole(); b == nil {
		b = blocks.Get().(*audio.Block)
		if err = p.fillFrom(d, b[:]); err != nil {
			blocks.Put(b)
			return nil, err
		}
		return b, nil
	}
	d.level.apply(b[:], p.normalise, s.loudness)
	return b, nil
}

// fillFrom fills dst from d, with silence where it has nothing.
func (p *pump) fillFrom(d *deck, dst []float32) error {
	n, err := d.give(dst)
	clear(dst[n*audio.Channels:])
	if n > 0 {
		d.level.apply(dst[:n*audio.Channels], p.normalise, d.segment.loudness)
	}
	return err
}

// joined returns the block in which s ends, after so many samples, and what follows
// begins with the next.
func (p *pump) joined(s *segment, d *deck, left int) (*audio.Block, supply, error) {
	next, err := p.nextDeck(s, audio.FrameSamples-left)
	if err != nil {
		return nil, starved, err
	}
	if next == nil && s == p.current && p.hopeful() {
		return nil, starved, nil
	}
	p.place(s, 0)
	b := blocks.Get().(*audio.Block)
	if err := p.fillFrom(d, b[:left*audio.Channels]); err != nil {
		blocks.Put(b)
		return nil, starved, err
	}
	rest := b[left*audio.Channels:]
	clear(rest)
	p.remember(s, d)
	if next != nil {
		p.place(next.segment, left)
		if err := p.fillFrom(next, rest); err != nil {
			blocks.Put(b)
			return nil, starved, err
		}
	}
	stop := p.line + int64(left)
	p.depart(b)
	p.line += int64(audio.FrameSamples)
	s.spent, s.stop = true, stop
	p.finishDeck(s, d)
	return b, served, nil
}

// nextDeck returns the deck of what follows s, once it has so many samples.
func (p *pump) nextDeck(s *segment, samples int) (*deck, error) {
	if s != p.current || p.next() == nil {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	next, err := p.mount(p.follow)
	if next == nil || err != nil || !next.ready(samples) {
		return nil, err
	}
	return next, nil
}

// hopeful reports that there is time to wait for what is not there yet.
func (p *pump) hopeful() bool { return p.window.end-p.sent() > hopeMargin }
