package player

import "context"

// The orders a player gives its pump. Each returns once it is carried out.

// play drops all there is and has s, nil for nothing, come with the next packet
// that is sent; paused holds s at its first frame.
func (p *pump) play(ctx context.Context, s *segment, paused bool) {
	p.tell(ctx, func() {
		p.takeBack()
		p.window.truncate(p.window.next)
		p.forget()
		p.current, p.follow, p.paused = s, nil, paused
		p.patient()
	})
}

// setFollow makes s, nil for nothing, follow the segment after, in place of what
// followed it. It reports false, and does nothing, when after is not current.
func (p *pump) setFollow(ctx context.Context, after, s *segment) (done bool) {
	p.tell(ctx, func() {
		if p.current != after {
			return
		}
		if p.follow != nil && p.follow.frames.Load() > 0 {
			p.takeBack()
			p.window.truncate(max(p.window.next, after.end))
			p.forget()
		}
		p.follow, done = s, true
	})
	return done
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

// forget drops what is inside of sound that will not be heard.
func (p *pump) forget() {
	p.tap.shut()
	if p.chain != nil {
		p.chain.Reset()
	}
}

// setVolume glides to factor with the next packet that is made: of PCM at once, of packets
// that are on their way behind them.
func (p *pump) setVolume(ctx context.Context, factor float32) {
	p.tell(ctx, func() {
		p.volume = factor
		p.takeBack()
	})
}

// reconnected takes back what a former connection of the Output left unsent.
func (p *pump) reconnected(ctx context.Context) { p.tell(ctx, p.resync) }

// renewEncoder makes the next frame be encoded by a new encoder: it may have to
// make another bitrate than the last. It is no order, for it must not give the
// right to send before reconnected has. Any goroutine may call it.
func (p *pump) renewEncoder() { p.stale.Store(true) }

// takeBack takes the packets out of the Output that were not sent; their frames
// are next again.
func (p *pump) takeBack() {
	p.room = 0
	if n := p.out.Flush(); n > 0 {
		p.window.rewind(int64(n))
		p.primed = false
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
