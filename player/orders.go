package player

import (
	"context"
	"time"

	"busker/dsp"
)

// The orders a player gives its pump. Each returns once it is carried out.

// play drops all there is and has s, nil for nothing, come with the next packet
// that is sent; paused holds s at its first frame.
func (p *pump) play(ctx context.Context, s *segment, paused bool) {
	p.tell(ctx, func() {
		p.takeBack()
		p.window.truncate(p.window.next)
		p.current, p.follow, p.paused = s, nil, paused
		p.jumpTo()
		p.patient()
	})
}

// goOn is play for a segment that goes on where the one before, all of which was sent,
// broke off.
func (p *pump) goOn(ctx context.Context, s *segment) {
	p.tell(ctx, func() {
		if p.window.next != p.window.end || p.current != nil && p.current.placed || p.follow != nil && p.follow.placed {
			p.takeBack()
			p.window.truncate(p.window.next)
			p.jumpTo()
		}
		p.current, p.follow = s, nil
		p.fade = fade{}
		p.patient()
	})
}

// goTo is play for the segment that followed the one before, unless it plays already:
// what follows one that failed waits for this.
func (p *pump) goTo(ctx context.Context, s *segment) {
	p.tell(ctx, func() {
		if p.current == s {
			return
		}
		p.current, p.follow = s, nil
		p.jumpTo()
		p.patient()
	})
}

// setFollow makes s, nil for nothing, follow the segment after, in place of what
// followed it, and fade into it for a time. It reports false, and does nothing, when
// after is not current.
func (p *pump) setFollow(ctx context.Context, after, s *segment, fading time.Duration) (done bool) {
	p.tell(ctx, func() {
		if p.current != after {
			return
		}
		if p.follow != s {
			p.part()
			p.follow = s
		}
		p.fade.wanted, done = fading, true
	})
	return done
}

// part forgets what follows the current segment, as far as it was not sent.
func (p *pump) part() {
	if p.follow == nil {
		return
	}
	if p.current.whole && p.follow.frames.Load() > 0 {
		p.takeBack()
		p.window.truncate(max(p.window.next, p.current.end))
		p.backToBorder()
		return
	}
	p.abandonFade()
}

// pause holds the current segment at the last frame that was sent.
func (p *pump) pause(ctx context.Context) {
	p.tell(ctx, func() {
		p.takeBack()
		p.paused = true
		p.patient()
	})
}

// resume goes on from there.
func (p *pump) resume(ctx context.Context) {
	p.tell(ctx, func() { p.paused = false })
}

// setVolume glides to factor with the next frame that is made.
func (p *pump) setVolume(ctx context.Context, factor float32) {
	p.tell(ctx, func() { p.volume = factor })
}

// setFilters glides to other filters with the next frame that is made.
func (p *pump) setFilters(ctx context.Context, to dsp.Settings) {
	p.tell(ctx, func() { p.settings = to })
}

// setNormalise glides to the target loudness, or back, with the next frame that is made.
func (p *pump) setNormalise(ctx context.Context, on bool) {
	p.tell(ctx, func() { p.normalise = on })
}

// setCrossfade says how early to ask for what follows.
func (p *pump) setCrossfade(ctx context.Context, d time.Duration) {
	p.tell(ctx, func() { p.crossfade = d })
}

// reconnected takes back what a former connection of the Output left unsent.
func (p *pump) reconnected(ctx context.Context) { p.tell(ctx, p.resync) }

// renewEncoder makes the next frame be encoded by a new encoder: it may have to
// make another bitrate than the last. It is no order, for it must not give the
// right to send before reconnected has. Any goroutine may call it.
func (p *pump) renewEncoder() { p.coder.stale.Store(true) }

// takeBack takes the packets out of the Output that were not sent; their frames
// are next again.
func (p *pump) takeBack() {
	p.hush(time.Now())
	p.endRamp()
	if n := p.out.Flush(); n > 0 {
		p.window.rewind(int64(n))
		p.handed.Store(p.window.next)
	}
}

// resync is takeBack for an Output that may have lost packets without sending
// them: after it, all frames before the next count as sent. One may be on its way.
func (p *pump) resync() {
	p.takeBack()
	if missing := p.window.next - p.sent(); missing < 0 || missing > 1 {
		p.offset.Add(-missing)
	}
}
