package player

import (
	"math"
	"time"

	"busker/audio"
	"busker/track"
)

// fade is how the current segment goes over into what follows it.
type fade struct {
	wanted      time.Duration // for these two; 0 = one after the other
	on          bool
	total, done int // frames
}

// angle is how far the fade is after n frames: at 0 the current segment is heard alone,
// at a quarter of a circle what follows it. The power of the two stays the same.
func (f *fade) angle(n int) float64 { return math.Pi / 2 * float64(n) / float64(f.total) }

// fadeDue reports that s fades, and begins to when it is time and what follows is there.
func (p *pump) fadeDue(s *segment) bool {
	if p.fade.on {
		return s == p.current
	}
	wanted := audio.Frames(p.fade.wanted)
	if wanted == 0 || s != p.current || p.next() == nil || !s.placed || p.follow.placed {
		return false
	}
	left, known := p.remaining(s)
	frames := min(left/int64(audio.FrameSamples), wanted)
	if !known || frames < 1 || left > wanted*int64(audio.FrameSamples) {
		return false
	}
	if count, over := p.follow.reel.left(); count == 0 || count < headStart && !over {
		return false
	}
	p.fade.on, p.fade.total, p.fade.done = true, int(frames), 0
	return true
}

// remaining returns how many samples s has left, as far as that is known.
func (p *pump) remaining(s *segment) (samples int64, known bool) {
	count, over := s.reel.left()
	if over {
		if d := p.mounted(s); d != nil {
			left, _ := d.left()
			return int64(left), true
		}
		return int64(count*audio.FrameSamples - s.reel.ending().tail), true
	}
	length := s.item.Track.Length
	if length <= 0 {
		return 0, false
	}
	return audio.DurationSamples(length-s.at) - (p.line - s.base), true
}

// crossed returns the next block of s, on d, and of what follows, together.
func (p *pump) crossed(s *segment, d *deck) (*audio.Block, supply, error) {
	other, err := p.nextDeck(s, audio.FrameSamples)
	if err != nil || other == nil && p.hopeful() {
		return nil, starved, err
	}
	out, in := blocks.Get().(*audio.Block), blocks.Get().(*audio.Block)
	defer blocks.Put(in)
	clear(in[:])
	if err = p.fillFrom(d, out[:]); err == nil && other != nil {
		p.place(other.segment, 0)
		err = p.fillFrom(other, in[:])
	}
	if err != nil {
		blocks.Put(out)
		return nil, starved, err
	}
	p.cross(out, in, d)
	p.depart(out)
	p.line += int64(audio.FrameSamples)
	if p.fade.done >= p.fade.total {
		p.fade = fade{}
		s.spent, s.stop = true, p.line
		p.finishDeck(s, d)
	}
	return out, served, nil
}

// cross adds in to out, one frame further into the fade. Where the deck of what goes
// out has less left than was thought, the fade hurries.
func (p *pump) cross(out, in *audio.Block, d *deck) {
	f := &p.fade
	from := f.angle(f.done)
	f.done++
	if left, over := d.left(); over {
		f.total = min(f.total, f.done+(left+audio.FrameSamples-1)/audio.FrameSamples)
	}
	to := f.angle(f.done)
	a, b := float32(math.Cos(from)), float32(math.Sin(from))
	stepA := (float32(math.Cos(to)) - a) / float32(audio.FrameSamples)
	stepB := (float32(math.Sin(to)) - b) / float32(audio.FrameSamples)
	for i := 0; i < len(out); i += audio.Channels {
		a += stepA
		b += stepB
		out[i] = out[i]*a + in[i]*b
		out[i+1] = out[i+1]*a + in[i+1]*b
	}
}

// abandonFade lets what followed end within a frame, and the current segment come back.
func (p *pump) abandonFade() {
	gone := p.mounted(p.follow)
	if p.fade.on && !p.current.spent {
		in := float32(math.Sin(p.fade.angle(p.fade.done)))
		if d := p.mounted(p.current); d != nil {
			d.level.dim(float32(math.Cos(p.fade.angle(p.fade.done))))
		}
		if gone != nil && gone.ready(audio.FrameSamples) {
			p.leave(gone, in)
		}
	}
	if gone != nil {
		gone.eject()
	}
	p.fade = fade{}
}

// leave keeps the next frame of a deck, going out from a share of its level.
func (p *pump) leave(d *deck, share float32) {
	b := blocks.Get().(*audio.Block)
	if p.fillFrom(d, b[:]) != nil {
		blocks.Put(b)
		return
	}
	step := share / float32(audio.FrameSamples)
	for i := 0; i < len(b); i += audio.Channels {
		share -= step
		b[i] *= share
		b[i+1] *= share
	}
	if p.parting != nil {
		blocks.Put(p.parting)
	}
	p.parting = b
}

// depart adds what is left to be heard of a track that no longer follows.
func (p *pump) depart(b *audio.Block) {
	if p.parting == nil {
		return
	}
	for i, v := range p.parting {
		b[i] += v
	}
	blocks.Put(p.parting)
	p.parting = nil
}

// fadeBetween returns how long one track fades into another when a guild wants so much:
// not at all within an album or where there is no end, and at most half of either.
func fadeBetween(from, to track.Track, wanted time.Duration) time.Duration {
	if from.Live || to.Live || from.Album != "" && from.Album == to.Album && from.Artist == to.Artist {
		return 0
	}
	for _, length := range []time.Duration{from.Length, to.Length} {
		if length > 0 {
			wanted = min(wanted, length/2)
		}
	}
	return wanted
}
