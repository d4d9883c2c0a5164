package player

import (
	"math"

	"busker/audio"
	"busker/dsp"
	"busker/opus"
)

// supply says what came of asking for sound.
type supply uint8

const (
	served  supply = iota // there is some
	starved               // not yet: a reader is behind
	dry                   // there will be none
)

// mixer is what the pump makes sound with. Sound runs along a line of samples, which
// counts what was taken of all segments since the pump exists:
//
//	decks → level → (crossfade) → chain → volume → ceiling → coder
//
// While nothing needs to be changed, packets pass all that by and are counted alone.
type mixer struct {
	newDecoder func() (opus.Decoder, error)
	memory     LoudnessMemory
	settings   dsp.Settings // as the guild wants them
	normalise  bool
	volume     float32 // as the guild wants it

	decks   [2]deck
	fade    fade
	parting *audio.Block // what is left to be heard of a track that no longer follows
	chain   *dsp.Chain   // nil = not needed yet
	pulling bool         // the chain may have another block
	gain    dsp.Gain
	ceiling ceiling
	coder   coder

	line    int64        // samples taken
	making  bool         // the newest frame was made and not passed on
	passing int          // frames passed on in a row
	jumped  bool         // what comes next does not go on from what was heard before
	raise   bool         // the next frame begins in the middle of something: fade in
	seam    bool         // the end of the present segment is made, to fit what follows
	last    *audio.Block // the newest made frame; nil = there is none
	border  *audio.Block // the last made frame of the current segment, once whole
	waited  int          // frames a deck has waited for a good moment to come into step
}

func newMixer(o *Options, guild GuildID) mixer {
	return mixer{
		newDecoder: o.Decoder, memory: o.Loudness, volume: 1, gain: dsp.NewGain(1), jumped: true,
		coder: coder{make: func() (opus.Encoder, error) { return o.Encoder(guild) }},
	}
}

// idleFrames is how long codec and filters are kept while packets are passed on.
const idleFrames = 5 * audio.FramesPerSecond

// makeFrame appends one frame to the window, and reports whether there was one to make.
// Whatever fails or panics on the way costs the segment it is of.
func (p *pump) makeFrame(turn order) (made bool) {
	end := p.window.end
	for p.window.end == end {
		got, err := p.tryFrame(turn)
		if err != nil {
			p.failFrame(err)
		} else if got != served {
			return false
		}
	}
	return true
}

func (p *pump) tryFrame(turn order) (got supply, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.caught(r)
		}
	}()
	s := p.source()
	if s == nil {
		return dry, nil
	}
	if count, over := s.reel.left(); count == 0 && !over && !p.making {
		return starved, nil
	} else if count == 0 && !over && s.frames.Load() == 0 && p.mounted(s) == nil && !p.pulling {
		return starved, nil
	}
	if p.passable(s) {
		if p.early(s) {
			return starved, nil
		}
		return p.pass(s)
	}
	if !p.begin(turn) {
		return starved, nil
	}
	return p.makeNext(s)
}

// pass passes the next packet of s on.
func (p *pump) pass(s *segment) (supply, error) {
	packet := p.stepOff(s)
	if packet == nil {
		piece, ok := s.reel.take()
		if !ok {
			p.exhaust(s)
			return served, nil
		}
		packet = piece.packet
	}
	p.place(s, 0)
	f := frame{packet: packet, fresh: s.passed == 0 && s.at == 0}
	f.cut = p.jumped && !f.fresh
	s.passed++
	p.line += int64(audio.FrameSamples)
	p.making, p.jumped = false, false
	p.gain = dsp.NewGain(1)
	p.push(f)
	if p.passing++; p.passing == idleFrames {
		p.scrap()
	}
	return served, nil
}

// stepOff takes s off its deck, to be passed on from now, and returns the packet that
// was decoded ahead, if there was one.
func (p *pump) stepOff(s *segment) (packet *audio.Packet) {
	if !p.making {
		return nil
	}
	p.passing = 0
	if d := p.mounted(s); d != nil {
		if d.has() > 0 {
			packet, d.last = d.last, nil
		}
		s.passed = (d.at - p.lead()) / int64(audio.FrameSamples)
		d.eject()
	}
	p.forgetLast()
	p.coder.primed = false
	return packet
}

// lead is how many samples an encoder is behind what it is given. To be heard when its
// packets are, what is made of them must be taken that much later.
func (p *pump) lead() int64 {
	if p.coder.encoder == nil {
		return 0
	}
	return int64(p.coder.encoder.Lookahead())
}

// place puts the beginning of s on the line, if it is not there, in samples from here.
func (p *pump) place(s *segment, in int) {
	if s.placed {
		return
	}
	s.placed, s.base = true, p.line+int64(in)
	if s.loudness = s.item.Track.Loudness; !s.loudness.Known {
		s.loudness, _ = p.memory.Recall(s.item.Track)
	}
}

// passable reports whether the next frame of s can be passed on as it is.
func (p *pump) passable(s *segment) bool {
	if !s.packets || p.changes(s) || p.parting != nil || p.fadeDue(s) || p.seamDue(s) {
		return false
	}
	if !p.making {
		return true
	}
	d := p.mounted(s)
	return d != nil && d.inStep(p.lead())
}

// changes reports that something is done to the sound of s.
func (p *pump) changes(s *segment) bool {
	if p.volume != 1 || !p.gain.Unity() || p.normalise || p.ceiling.in || !p.filters(s).Neutral() {
		return true
	}
	if p.making && p.chain != nil && !p.chain.Idle() {
		return true
	}
	d := p.mounted(s)
	return d != nil && !d.level.unity()
}

// filters returns what is to be done to the sound of s: nothing if its reader did it.
func (p *pump) filters(s *segment) dsp.Settings {
	if s != nil && s.shared && s.prepared == p.settings {
		return dsp.Settings{}
	}
	return p.settings
}

// makeNext makes one frame of s.
func (p *pump) makeNext(s *segment) (supply, error) {
	if err := p.coder.open(); err != nil {
		return starved, err
	}
	if !p.making {
		if got, err := p.startMaking(s); got != served || err != nil {
			return got, err
		}
	}
	b, got, err := p.render()
	if got != served || err != nil {
		return got, err
	}
	return served, p.encode(b)
}

// encode appends a frame of b, which it owns from then on.
func (p *pump) encode(b *audio.Block) error {
	fresh := p.jumped
	if p.raise {
		fadeIn(b)
	}
	packet, err := p.packetOf(b)
	if err != nil {
		return err
	}
	p.jumped, p.raise, p.making = false, false, true
	p.push(frame{packet: packet, fresh: fresh})
	return nil
}

// packetOf encodes b, which becomes the last block.
func (p *pump) packetOf(b *audio.Block) (packet *audio.Packet, err error) {
	if !p.coder.primed {
		err = p.coder.prime(p.last, true)
	}
	if err == nil {
		packet, err = p.coder.encode(b)
	}
	p.forgetLast()
	p.last = b
	return packet, err
}

func (p *pump) forgetLast() {
	if p.last != nil {
		blocks.Put(p.last)
		p.last = nil
	}
}

// fadeInSamples is as short as a beginning can be that does not click: 5 ms.
const fadeInSamples = audio.SampleRate / 200

func fadeIn(b *audio.Block) {
	for i := range fadeInSamples {
		f := float32(i) / fadeInSamples
		b[2*i] *= f
		b[2*i+1] *= f
	}
}

// push appends f as the next frame, of the segment that sounds now.
func (p *pump) push(f frame) {
	s := p.sounding()
	if s == nil {
		p.pushFiller(f)
		return
	}
	if s.frames.Load() == 0 {
		s.first.Store(p.window.end)
	}
	s.frames.Add(1)
	at := p.heardLine()
	s.reach(at)
	f.segment = s
	p.window.push(f, mark{s, s.position()})
	if s.spent && at >= s.stop {
		p.complete(s, nil)
	}
}

// pushFiller appends f as sound of no track.
func (p *pump) pushFiller(f frame) {
	f.segment = nil
	var m mark
	if p.window.end > 0 {
		m = p.window.marks.get(p.window.end - 1)
	}
	p.window.push(f, m)
}

// heardLine is how far on the line the frames made so far go.
func (p *pump) heardLine() int64 {
	if !p.making || p.chain == nil {
		return p.line
	}
	return p.line - int64(math.Round(p.chain.Delay()*float64(audio.FrameSamples)))
}

// exhaust notes that all of s was taken, up to here.
func (p *pump) exhaust(s *segment) {
	s.spent, s.stop = true, p.line
	p.finishDeck(s, p.mounted(s))
	if s == p.sounding() && p.heardLine() >= s.stop {
		p.complete(s, nil)
	}
}

// finishDeck takes s, which is spent, off its deck.
func (p *pump) finishDeck(s *segment, d *deck) {
	p.seam = false
	if d == nil {
		return
	}
	p.remember(s, d)
	d.eject()
}

// remember keeps how loud s was, if all of it was heard.
func (p *pump) remember(s *segment, d *deck) {
	if l, ok := d.level.measured(); ok && s.at == 0 && s.result() == nil {
		p.memory.Remember(s.item.Track, l)
		d.level.missed = true // once
	}
}

// fill appends a frame of what rings on, or of silence, once.
func (p *pump) fill() {
	var failure error
	defer func() {
		if r := recover(); r != nil {
			failure = p.caught(r)
		}
		if failure != nil {
			p.scrap()
		}
	}()
	if !p.making || p.coder.encoder == nil {
		p.settleEnd()
		return
	}
	b := blocks.Get().(*audio.Block)
	inside := p.line - p.heardLine()
	rings := p.chain != nil && p.chain.Drain(b)
	p.pulling = false
	if !rings {
		p.settleEnd()
		if p.window.endsInFiller() {
			blocks.Put(b)
			return
		}
		*b = audio.Block{}
	}
	p.finish(b)
	if failure = p.encodeFiller(b); inside < int64(audio.FrameSamples) {
		p.settleEnd() // what was inside is out; the rest is how it rings
	}
}

// settleEnd completes what sounds to its end, where nothing more will come of it.
func (p *pump) settleEnd() {
	if s := p.sounding(); s != nil && s.spent {
		p.complete(s, nil)
	}
}

// encodeFiller appends b as sound of the track it is the end of, if it is, and else of
// none.
func (p *pump) encodeFiller(b *audio.Block) error {
	packet, err := p.packetOf(b)
	if err != nil {
		return err
	}
	if s := p.sounding(); s != nil && s.spent {
		p.push(frame{packet: packet})
	} else {
		p.pushFiller(frame{packet: packet})
	}
	return nil
}

// failFrame ends the segment of the next frame because of err.
func (p *pump) failFrame(err error) {
	p.scrap()
	failed := p.sounding()
	if failed == nil {
		failed = p.source()
	}
	if failed != nil {
		p.complete(failed, err)
	}
}

// jumpTo forgets all sound; something else follows.
func (p *pump) jumpTo() {
	p.ejectAll()
	if p.chain != nil {
		p.chain.Reset()
	}
	p.ceiling.in, p.pulling, p.seam = false, false, false
	p.fade = fade{}
	p.gain = dsp.NewGain(p.volume)
	p.coder.primed = false
	p.making, p.jumped, p.raise = false, true, false
	p.forgetLast()
	p.dropBorder()
	if p.current != nil {
		p.raise = p.current.at > 0
	}
}

func (p *pump) ejectAll() {
	for i := range p.decks {
		p.decks[i].eject()
	}
	if p.parting != nil {
		blocks.Put(p.parting)
		p.parting = nil
	}
}

// scrap frees codecs and filters, which may be in any state.
func (p *pump) scrap() {
	defer func() {
		if r := recover(); r != nil {
			_ = p.caught(r)
		}
	}()
	p.endRamp()
	p.ejectAll()
	p.forgetLast()
	p.dropBorder()
	p.chain, p.ceiling, p.pulling = nil, ceiling{}, false
	p.making = false
	for i := range p.decks {
		p.decks[i].close()
	}
	p.coder.close()
}
