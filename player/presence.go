package player

import "context"

// still reports that the current track is held, by people or because nobody listens.
func (p *player) still() bool { return p.paused || p.held }

// setHeld holds the current track, or lets it go on unless people have paused it.
func (p *player) setHeld(ctx context.Context, on bool) {
	if on == p.held || p.current == nil {
		return
	}
	if !p.paused {
		p.pauseOutput(ctx, on)
	}
	p.held = on
	p.emit(HeldChanged{on})
}

func (p *player) pauseOutput(ctx context.Context, on bool) {
	if !on {
		p.pump.resume(ctx)
		return
	}
	p.pump.pause(ctx)
	p.hold()
}

// unheld forgets that nobody listens: there is nothing to hold any more.
func (p *player) unheld() {
	if p.held {
		p.held = false
		p.emit(HeldChanged{false})
	}
}

// setStay makes an idle player stay in its channel, or leave it after a while again.
func (p *player) setStay(on bool) {
	if on == p.stay {
		return
	}
	p.stay = on
	p.waiting = waitNot // count anew
	p.emit(StayChanged{on})
}

// applyToPresence carries out what concerns whether and when the player is there.
func (p *player) applyToPresence(ctx context.Context, c Command) error {
	switch c := c.(type) {
	case Return:
		p.goBack(ctx, c.Running)
	case Sleep:
		return p.goToSleep(ctx, c)
	case Stay:
		p.setStay(c.On)
	case Hold:
		p.setHeld(ctx, c.On)
	}
	return nil
}
