package player

import (
	"context"
	"slices"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// joining is a Join of the Output on its way. There is at most one.
type joining struct {
	channel  snowflake.ID
	cancel   context.CancelFunc
	requests []request // the one that asked for it, and those that wait for its end
	lost     bool      // meanwhile the Output lost the channel it was in
}

// join sets out for a channel; arrive goes on with r.
func (p *player) join(ctx context.Context, channel snowflake.ID, r request) {
	shadow := p.startShadow(ctx, r.command)
	ctx, cancel := context.WithTimeout(ctx, p.opts.JoinTimeout)
	p.joining = &joining{channel: channel, cancel: cancel, requests: []request{r}}
	p.work.Go(func() {
		defer cancel()
		shadow.await(ctx)
		p.inbox.post(joined{channel, p.joinOutput(ctx, channel)})
	})
}

// joinOutput runs beside the player.
func (p *player) joinOutput(ctx context.Context, channel snowflake.ID) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.caught(r)
		}
	}()
	return p.out.Join(ctx, channel)
}

// arrive ends the journey: it answers or carries out all that waited for it.
func (p *player) arrive(ctx context.Context, n joined) {
	j := p.joining
	p.joining = nil
	if n.err == nil {
		p.enter(n.channel)
		p.restored()
	} else if p.dropShadow(); j.lost {
		p.leave(ctx, LeaveDisconnected, n.err)
	}
	p.pump.reconnected(ctx)
	if i := slices.IndexFunc(j.requests, isLeave); i >= 0 {
		for _, r := range j.requests[:i] {
			p.answer(r, fault.New(fault.Canceled, "Somebody asked me to leave."))
		}
		j.requests = j.requests[i:]
	} else if n.err != nil {
		first := j.requests[0]
		p.noWayBack(first.command, n.err)
		for len(j.requests) > 0 && j.requests[0].same(first) {
			p.answer(j.requests[0], n.err)
			j.requests = j.requests[1:]
		}
	}
	for _, r := range j.requests {
		p.handle(ctx, r)
	}
}

func isLeave(r request) bool { _, is := r.command.(Leave); return is }

// enter notes where the Output is.
func (p *player) enter(channel snowflake.ID) {
	from := p.channel
	p.channel, p.bookmark.channel = channel, 0
	if from != channel {
		p.bitrate = p.opts.Bitrate(p.guild)
		p.pump.renewEncoder()
	}
	switch from {
	case channel:
	case 0:
		p.emit(Joined{channel})
	default:
		p.emit(Moved{from, channel})
	}
}

// retune has the encoder follow the channel's bitrate.
func (p *player) retune() {
	if now := p.opts.Bitrate(p.guild); now != p.bitrate {
		p.bitrate = now
		p.pump.renewEncoder()
	}
}

// leave stops and goes out of the channel, also out of one the Output has lost. The queue
// is kept for who comes back, unless people asked for the leave.
//
// A player that is lent has been replaced, or has nothing more to do, and vanishes instead.
func (p *player) leave(ctx context.Context, reason LeaveReason, cause error) {
	if p.custody == lent {
		p.custody = gone
		return
	}
	if reason == LeaveAsked {
		defer p.forget(ctx)
	}
	if p.channel == 0 {
		return
	}
	from := p.channel
	p.channel = 0
	p.mend(outcomeLost)
	p.breakOff(ctx, EndLeft)
	p.setSleep(sleep{})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.opts.LeaveTimeout)
	defer cancel()
	if err := p.out.Leave(ctx); err != nil {
		p.log.Warn("output left with an error", "channel", from, "err", err)
	}
	// The pump notices first that the Output takes no more, and knows less.
	if told := p.inbox.disconnected(); told != nil && reason == LeaveDisconnected {
		cause = told
	}
	p.emit(Left{from, reason, cause})
}

// outputChanged follows what happened to the Output. News of a channel that is no
// longer ours is late and dropped.
func (p *player) outputChanged(ctx context.Context, e OutputEvent) {
	switch {
	case p.channel == 0:
	case e.Kind == OutputAltered:
		p.retune()
	case e.Kind == OutputMoved && e.Channel != 0:
		p.enter(e.Channel)
		if p.restored() {
			p.pump.reconnected(ctx)
		}
	case e.Kind == OutputConnected:
		p.restored()
		p.pump.reconnected(ctx)
	case e.Kind == OutputInterrupted:
		p.interrupted(e.Err)
	case e.Kind != OutputDisconnected || e.Channel != 0 && e.Channel != p.channel:
	case p.joining != nil:
		p.joining.lost = true
	default:
		p.leave(ctx, LeaveDisconnected, e.Err)
	}
}
