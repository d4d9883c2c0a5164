package player

// takeSeat reserves a place on this machine for a guild that c makes play. It fails,
// before anything was changed, when the machine is full.
func (p *player) takeSeat(c Command) (err error) {
	if p.seat != nil || p.opts.Pool == nil || p.current != nil {
		return nil
	}
	switch c.(type) {
	case Play, Add:
	case Resume:
		if p.queue.Len() == 0 {
			return nil
		}
	default:
		return nil
	}
	p.seat, err = p.opts.Pool.Admit()
	return err
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
