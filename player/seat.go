package player

import "busker/queue"

// takeSeat reserves a place on this machine for a guild that c makes play. It fails,
// before anything was changed, when the machine is full.
func (p *player) takeSeat(c Command) (err error) {
	if p.seat != nil || p.opts.Pool == nil || p.current != nil || !p.starts(c) {
		return nil
	}
	p.seat, err = p.opts.Pool.Admit()
	return err
}

// starts reports that c makes a silent player play, if nothing is in its way.
func (p *player) starts(c Command) bool {
	switch c.(type) {
	case Play, Add:
		return true
	case Resume, Join:
		return p.waits()
	case Return:
		return p.waits() && p.bookmark.playing
	case Jump:
		return p.queue.Len() > 0
	case Previous:
		return len(p.queue.History()) > 0
	case Undo:
		return p.queue.Len() == 0 && p.channel != 0 && p.bringsBack()
	}
	return false
}

// bringsBack reports that Undo would put something into the queue.
func (p *player) bringsBack() bool {
	switch op, _ := p.queue.Undoable(); op {
	case queue.OpRemove, queue.OpClear, queue.OpStop, queue.OpSkip:
		return true
	}
	return false
}

// proveSeat gives the reservation back of a guild that needs next to nothing for s.
func (p *player) proveSeat(s *segment) {
	if p.seat == nil || s.costs {
		return
	}
	switch p.pump.shown.Load().mode {
	case ModePassthrough, ModeShared:
		p.seat.Settle()
	case ModeNone, ModeEncoding:
	}
}

// yieldSeat gives the place back when nothing plays nor is about to.
func (p *player) yieldSeat() {
	if p.seat != nil && p.current == nil && p.joining == nil {
		p.seat.Release()
		p.seat = nil
	}
}
