package player

import (
	"context"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/queue"
)

// handle carries out r unless it was before, sets out for the channel it needs first, or puts it off
// until the journey that is under way has ended.
func (p *player) handle(ctx context.Context, r request) {
	if p.repeat(r) || p.putOff(r) {
		return
	}
	channel, err := p.destination(ctx, r.command)
	if err == nil {
		err = p.takeSeat(r.command)
	}
	if err == nil && channel != 0 {
		p.join(ctx, channel, r)
		return
	}
	if err == nil {
		err = p.apply(ctx, r.command)
	}
	p.noWayBack(r.command, err)
	p.answer(r, err)
}

// putOff keeps r while the player is on its way, so that commands take effect in
// the order they came. Only a track that plays on meanwhile can be commanded, and
// Leave ends the journey.
func (p *player) putOff(r request) bool {
	if p.joining == nil {
		return false
	}
	switch r.command.(type) {
	case Leave:
		p.joining.cancel()
	case Join:
	case Look, Forget:
		return false
	default:
		if p.current != nil {
			return false
		}
	}
	p.joining.requests = append(p.joining.requests, r)
	return true
}

// destination returns the channel to join before c can be applied, 0 for none.
func (p *player) destination(ctx context.Context, c Command) (snowflake.ID, error) {
	switch c := c.(type) {
	case Join:
		if c.Channel == 0 {
			return 0, fault.New(fault.Invalid, "There is no voice channel to join.")
		}
		if c.Channel != p.channel {
			return c.Channel, nil
		}
	case Return:
		return p.wayBack(ctx)
	case Play:
		if p.current == nil && c.Channel != p.channel {
			return c.Channel, p.acceptable(c)
		}
	}
	return 0, nil
}

// apply carries out a command that needs no journey.
func (p *player) apply(ctx context.Context, c Command) error {
	switch c := c.(type) {
	case Play:
		return p.add(ctx, c)
	case Add:
		return p.add(ctx, c.play())
	case Look:
		return nil
	case Join: // destination saw that we are there
		if p.waits() {
			p.start(ctx)
		}
		return nil
	case Forget:
		p.unname(c.User)
		return nil
	case Leave:
		if c.Alone {
			p.leave(ctx, LeaveAlone, nil)
		} else {
			p.leave(ctx, LeaveAsked, nil)
		}
		return nil
	case Return, Sleep, Stay, Hold:
		return p.applyToPresence(ctx, c)
	case Stop:
		p.stop(ctx, EndStopped)
		return nil
	case Jump:
		return p.jump(ctx, c)
	case Previous:
		return p.previous(ctx)
	case Pause, Resume, Skip, Seek, SeekBy, Replay:
		return p.applyToTrack(ctx, c)
	case Volume, Filters, Crossfade, Normalise:
		return p.applyToSound(ctx, c)
	}
	return p.applyToQueue(ctx, c)
}

func (p *player) applyToTrack(ctx context.Context, c Command) error {
	if _, ok := c.(Resume); ok {
		return p.resume(ctx)
	}
	if p.current == nil {
		return errIdle()
	}
	switch c := c.(type) {
	case Pause:
		p.pause(ctx)
	case Skip:
		return p.skip(ctx, c.Count)
	case Seek:
		return p.seek(ctx, c.At)
	case SeekBy:
		return p.seek(ctx, max(0, p.pump.position(p.current)+c.Delta))
	case Replay:
		return p.replay(ctx)
	}
	return nil
}

func (p *player) pause(ctx context.Context) {
	if p.paused {
		return
	}
	if !p.held {
		p.pauseOutput(ctx, true)
	}
	p.paused = true
	p.emit(Paused{})
}

func (p *player) resume(ctx context.Context) error {
	switch {
	case p.still():
		p.unheld()
		p.pauseOutput(ctx, false)
		if p.paused {
			p.paused = false
			p.emit(Resumed{})
		}
	case p.current != nil:
	case p.channel == 0 || !p.waits():
		return errIdle()
	default: // it had given up, or slept
		p.start(ctx)
	}
	return nil
}

func (p *player) skip(ctx context.Context, count int) error {
	if count < 0 {
		return fault.New(fault.Invalid, "The number of tracks to skip must be 1 or more.")
	}
	p.change(ctx, func() (queue.Item, bool) { return p.queue.Skip(max(count, 1)) })
	return nil
}

// change ends the current track, if there is one, for what turn makes the current item.
func (p *player) change(ctx context.Context, turn func() (queue.Item, bool)) {
	p.end(EndSkipped)
	if p.paused {
		p.paused = false
		p.emit(Resumed{})
	}
	item, ok := turn()
	p.beginTrack(ctx, item, ok)
}

func (p *player) seek(ctx context.Context, at time.Duration) error {
	t := p.current.item.Track
	switch {
	case t.Live:
		return errLive()
	case !t.Seekable:
		return fault.New(fault.Unsupported, "There is no going back or forth in this track.")
	case at < 0:
		return fault.New(fault.Invalid, "The time to go to must not be negative.")
	case t.Length > 0 && at >= t.Length:
		return fault.Newf(fault.Invalid, "The track is only %s long.", t.Length.Round(time.Second))
	}
	p.seekTo(ctx, at)
	return nil
}

// seekTo seeks without asking whether that can be.
func (p *player) seekTo(ctx context.Context, at time.Duration) {
	back := p.pump.position(p.current)
	c := p.current
	if c.back >= 0 && c.frames.Load() == 0 { // that one is not known to work
		back = c.back
	}
	p.begin(ctx, p.open(ctx, c.item, at, c.frames.Load() > 0 && c.packets))
	p.current.back = back
	p.emit(Seeked{at})
}

// replay starts the current track once more; that needs no seeking.
func (p *player) replay(ctx context.Context) error {
	switch t := p.current.item.Track; {
	case t.Live:
		return errLive()
	case t.Seekable:
		p.seekTo(ctx, 0)
	default:
		p.beginAt(ctx, p.current.item, 0)
		p.emit(Seeked{})
	}
	return nil
}

// errIdle answers commands that need a current track.
func errIdle() error { return fault.New(fault.Invalid, "Nothing is playing.") }

func errLive() error {
	return fault.New(fault.Unsupported, "This is a live stream; there is no going back or forth in it.")
}

// errNowhere answers commands that would play something, but where?
func errNowhere() error {
	return fault.New(fault.Invalid, "I am in no voice channel; join one and ask again.")
}
