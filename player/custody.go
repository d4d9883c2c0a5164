package player

import (
	"context"

	"busker/session"
)

// changeCustody acts on a note about whose the guild is.
func (p *player) changeCustody(ctx context.Context, note any) {
	switch n := note.(type) {
	case handOver:
		p.handing = append(p.handing, n)
		if p.custody == ours {
			p.custody = parted
		}
		p.lend()
	case takeBack:
		p.regain(ctx)
	case letGo:
		p.custody, p.kept.able = gone, false
	case comeHome:
		switch p.custody {
		case lent:
			p.custody, p.kept.able = gone, false
		case parted:
			p.regain(ctx)
		}
	}
}

// lend keeps where the player is for the last time, as soon as it is on its way nowhere,
// and answers who waits for that. The anchor has no clock that would be asked: what the
// queue goes on to from here is for the other process to find out. A player that may keep
// nothing stays: the other process would not know of its queue.
func (p *player) lend() {
	var stays error
	switch {
	case p.custody != parted:
	case p.joining != nil:
		return
	case p.opts.Memory != nil && !p.kept.able:
		stays = ErrUnkept
	default:
		p.custody = lent
		p.isLent.Store(true)
		p.alarm.Stop()
		p.lastKept = p.keepLast()
		p.kept.able = false
		p.lentItem = p.itemID()
	}
	for _, h := range p.handing {
		h.handed <- handed{p.lastKept, stays}
	}
	p.handing = nil
}

// keepLast keeps all that has changed, and an anchor of this moment. Who takes over finds
// us in our channel, and must go there even to do nothing: Discord leaves us in it.
func (p *player) keepLast() session.Receipt {
	p.keep()
	if !p.kept.able {
		return session.Receipt{}
	}
	s := p.stand()
	if s.channel == 0 {
		s.channel = p.channel
	}
	place := p.place(s)
	return p.opts.Memory.Keep(session.Change{Guild: p.guild, Place: &place})
}

func (p *player) itemID() uint64 {
	if p.current == nil {
		return 0
	}
	return p.current.item.ID
}

// idLeap is how many changes and items another process may have kept of a guild that is
// taken back; ours come after them.
const idLeap = 1 << 20

// regain makes a player that was handed over a normal one. All of its queue replaces what
// is kept, whatever has become of that.
func (p *player) regain(ctx context.Context) {
	switch p.custody {
	case ours, gone:
		return
	case parted:
		p.custody = ours
		for _, h := range p.handing {
			h.handed <- handed{}
		}
		p.handing = nil
		if p.missed {
			p.missed = false
			p.work.Go(func() { p.loadLater(ctx) })
		}
		return
	case lent:
	}
	p.custody = ours
	p.isLent.Store(false)
	state := p.queue.State()
	state.Seq, state.LastID = state.Seq+idLeap, state.LastID+idLeap
	p.replace(state)
	p.deeds.last += idLeap
	p.kept = kept{able: p.opts.Memory != nil, replace: true}
	p.waiting = waitNot
	p.setSleep(p.sleep)
	if p.started && p.itemID() != p.lentItem { // it came while nobody was told
		p.emit(TrackStarted{p.current.item})
	}
}

// vanish ends a player whose guild is another process's.
func (p *player) vanish() {
	p.custody, p.kept.able = gone, false
	if j := p.joining; j != nil {
		p.joining = nil
		for _, r := range j.requests {
			p.answer(r, ErrMoved)
		}
	}
	for _, h := range p.handing {
		h.handed <- handed{}
	}
	p.handing = nil
	p.out.Abandon()
	if p.opts.Memory != nil {
		p.opts.Memory.Drop(p.guild)
	}
	p.mend(outcomeElsewhere)
	p.release()
	p.channel, p.bookmark = 0, bookmark{}
	p.log.Info("another process has the guild")
}
