package player

import "time"

// How an interruption ends; labels of a metric.
const (
	outcomeRestored  = "restored"
	outcomeLost      = "lost"      // the player left, or was put out
	outcomeElsewhere = "elsewhere" // another process plays on
)

// interrupted begins the time in which the Output restores its connection: nothing is
// sent, so positions stand still, and nobody is to blame for the silence.
func (p *player) interrupted(cause error) {
	if !p.cut.IsZero() {
		return
	}
	p.cut = time.Now()
	p.pump.cut.Store(true)
	p.hold()
	p.emit(Interrupted{cause})
}

// restored ends it, and reports whether there was an interruption.
func (p *player) restored() bool {
	if p.cut.IsZero() {
		return false
	}
	p.emit(Reconnected{p.mend(outcomeRestored)})
	return true
}

// mend forgets an interruption, if there is one, and returns how long it took.
func (p *player) mend(outcome string) (took time.Duration) {
	if p.cut.IsZero() {
		return 0
	}
	took = time.Since(p.cut)
	p.cut = time.Time{}
	p.pump.cut.Store(false)
	p.opts.Metrics.interruptions.WithLabelValues(outcome).Observe(took.Seconds())
	return took
}

// hold notes that what is open now may have to wait longer than its origin does.
func (p *player) hold() {
	for _, s := range []*segment{p.current, p.follow} {
		if s != nil {
			s.held = true
		}
	}
}
