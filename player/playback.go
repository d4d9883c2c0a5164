package player

import (
	"context"
	"time"

	"busker/internal/fault"
	"busker/queue"
)

// soundEnough is how much of a failing track must have been heard for it not to
// count as one more failure in a row.
const soundEnough = time.Second

// liveEnough is how much of a live stream must have been heard for its failure to
// be worth another connection.
const liveEnough = 10 * time.Second

// open starts reading item at a time of it. A track known to be of packets is read from
// a little before, so that the first of them can be decoded well.
func (p *player) open(ctx context.Context, item queue.Item, at time.Duration, packets bool) *segment {
	return p.openSegment(ctx, item, at, func(s *segment) { s.lead = packets })
}

// openSegment is open for a segment to which prepare does something before it is read.
func (p *player) openSegment(ctx context.Context, item queue.Item, at time.Duration, prepare func(*segment)) *segment {
	ctx, cancel := context.WithCancel(ctx)
	s := newSegment(item, at, cancel)
	s.held = p.still() || !p.cut.IsZero()
	s.how = p.how()
	prepare(s)
	in := reading{opener: p.opts.Opener, caught: p.caught, due: p.pump.due}
	if p.opts.Pool != nil {
		in.turn = p.opts.Pool.Turn()
	}
	p.work.Go(func() {
		defer cancel()
		s.fill(ctx, in)
		p.inbox.post(segmentRead{s})
	})
	return s
}

// beginAt plays item from a time of it on instead of whatever plays now.
func (p *player) beginAt(ctx context.Context, item queue.Item, at time.Duration) {
	p.begin(ctx, p.open(ctx, item, at, false))
}

// goOn plays the current track, which broke off, from where it did.
func (p *player) goOn(ctx context.Context, at time.Duration) {
	s := p.open(ctx, p.current.item, at, false)
	p.pump.goOn(ctx, s)
	p.release()
	p.current = s
}

// begin plays s instead of whatever plays now.
func (p *player) begin(ctx context.Context, s *segment) {
	p.pump.play(ctx, s, p.still())
	p.release()
	p.current = s
}

// beginTrack plays item, which is new to the listeners; item is as the queue's
// Next and Skip return it.
func (p *player) beginTrack(ctx context.Context, item queue.Item, ok bool) {
	p.started = false
	if ok {
		p.beginAt(ctx, item, 0)
		return
	}
	p.silence(ctx)
	p.emit(QueueEnded{})
}

// silence has the pump play nothing.
func (p *player) silence(ctx context.Context) {
	if p.current != nil {
		p.pump.play(ctx, nil, false)
	}
	p.release()
	p.paused = false
	p.unheld()
}

// release ends the readers of what the pump no longer plays.
func (p *player) release() {
	for _, s := range []*segment{p.current, p.follow} {
		if s != nil {
			s.cancel()
		}
	}
	p.current, p.follow = nil, nil
}

// lookAhead opens the track after the current one once that will soon end or fade, and
// again when commands have changed which one that is. A live stream would not wait.
func (p *player) lookAhead(ctx context.Context) {
	if p.current == nil || !p.current.near && !p.current.read || p.current.reel.ending().err != nil {
		return
	}
	item, ok := p.queue.Peek()
	ok = ok && !p.sleep.afterTrack
	keep := p.follow != nil && ok && p.follow.item.ID == item.ID && !p.outdated(p.follow)
	ok = ok && (p.current.read || !item.Track.Live)
	if keep || p.follow == nil && !ok {
		return
	}
	old := p.follow
	p.follow = nil
	fade := time.Duration(0)
	if ok {
		p.follow = p.open(ctx, item, 0, false)
		fade = fadeBetween(p.current.item.Track, item.Track, p.crossfade)
	}
	taken := p.pump.setFollow(ctx, p.current, p.follow, fade)
	if old != nil {
		old.cancel()
	}
	if !taken && p.follow != nil { // the current one ended this moment, as the next note will say
		p.follow.cancel()
		p.follow = nil
	}
}

// trackStarted notes that the first packet of s was sent.
func (p *player) trackStarted(s *segment) {
	if s != p.current || p.started {
		return
	}
	p.started, p.lastError = true, nil
	p.proveSeat(s)
	p.opts.Metrics.started.Inc()
	p.emit(TrackStarted{s.item})
}

// trackEnded goes on after s, of which nothing more will be heard.
func (p *player) trackEnded(ctx context.Context, s *segment, err error) {
	if s != p.current {
		return
	}
	if err == nil && s.at == 0 && s.heard() == 0 {
		err = fault.New(fault.Corrupt, "There is no sound in this track.")
	}
	if err != nil && p.recovered(ctx, s, err) {
		return
	}
	if err != nil {
		p.trackFailed(s, err)
		if p.giveUp(ctx, err) {
			return
		}
	} else {
		p.failures = 0
		p.end(EndFinished)
	}
	p.advance(ctx)
}

// recovered opens the track of s, which failed, once more where there is hope: back
// where it was before a seek that came to nothing, anew for a live stream that had
// been heard for a while, and where it broke off when it may only have been kept
// waiting too long.
func (p *player) recovered(ctx context.Context, s *segment, err error) bool {
	heard := s.heard()
	live := s.item.Track.Live
	switch {
	case s.back >= 0 && s.frames.Load() == 0:
		p.lastError = err
		p.beginAt(ctx, s.item, s.back)
		p.emit(SeekFailed{s.item, s.at, err})
	case s.held && heard > 0 && !live && (s.failure == nil || fault.KindOf(s.failure) == fault.Timeout):
		p.log.Warn("track broke off after a wait", "uri", s.item.Track.Address(), "at", s.at+heard, "err", err)
		p.goOn(ctx, s.at+heard)
	case live && (heard >= liveEnough || s.held && heard > 0):
		p.log.Warn("live stream broke off", "uri", s.item.Track.Address(), "heard", heard, "err", err)
		p.beginAt(ctx, s.item, 0)
	default:
		return false
	}
	return true
}

// end tells that the current track, if it had started, has ended.
func (p *player) end(reason EndReason) {
	if p.current != nil && p.started {
		p.emit(TrackEnded{p.current.item, reason})
	}
	p.started = false
}

// advance plays what follows the current track, which is over. Unless that failed, the
// pump plays it already when it was opened ahead.
func (p *player) advance(ctx context.Context) {
	if p.sleep.afterTrack {
		p.fallAsleepAfter(ctx)
		return
	}
	item, ok := p.queue.Next()
	next := p.follow
	if next == nil || !ok || next.item.ID != item.ID {
		p.advanceCold(ctx, item, ok)
		return
	}
	p.current.cancel()
	p.current, p.follow, p.started = next, nil, false
	p.pump.goTo(ctx, next)
	p.lookAhead(ctx)
}

// advanceCold is advance without a track opened ahead.
func (p *player) advanceCold(ctx context.Context, item queue.Item, ok bool) {
	if !ok && p.follow == nil {
		p.current.cancel()
		p.current = nil // the pump has nothing either, and lets the last sound ring out
	}
	p.beginTrack(ctx, item, ok)
}

// trackFailed counts and tells the failure of s, and takes it out of every loop.
func (p *player) trackFailed(s *segment, err error) {
	if s.heard() >= soundEnough {
		p.failures = 0
	}
	p.failures++
	p.lastError = err
	p.opts.Metrics.failed.WithLabelValues(fault.KindOf(err).String()).Inc()
	p.emit(TrackFailed{s.item, err})
	p.end(EndFailed)
	p.queue.Drop()
}

// giveUp stops after too many failures in a row, unless the queue is over anyway.
func (p *player) giveUp(ctx context.Context, last error) bool {
	if _, more := p.queue.Peek(); !more || p.failures < p.opts.MaxFailures {
		return false
	}
	p.silence(ctx)
	p.emit(GaveUp{p.failures, last})
	p.failures = 0
	return true
}

// stop ends the current track and empties the queue.
func (p *player) stop(ctx context.Context, reason EndReason) {
	p.end(reason)
	p.silence(ctx)
	if p.queue.Len() > 0 {
		p.emit(QueueChanged{queue.OpStop})
	}
	p.queue.Stop()
}
