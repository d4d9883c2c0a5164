package player

import (
	"context"
	"time"

	"busker/queue"
	"busker/session"
)

const (
	// recallWithin is how long a player waits for what is kept of it before it serves.
	recallWithin = 2 * time.Second
	// recallAgain is the pause before it is looked for once more.
	recallAgain = 5 * time.Second
)

// recall loads what is kept of the guild, before the player serves.
//
// When that fails the player works with the defaults and keeps nothing, so that it
// cannot overwrite what it has not seen, and goes on trying; see recollect.
func (p *player) recall(ctx context.Context) {
	if p.opts.Memory == nil {
		return
	}
	saved, err := p.load(ctx)
	if err == nil {
		p.restore(ctx, saved)
		return
	}
	if ctx.Err() != nil {
		return
	}
	p.log.Warn("what is kept of the guild could not be loaded; until it is, nothing is kept", "err", err)
	p.startAnew()
	p.work.Go(func() { p.loadLater(ctx) })
}

func (p *player) load(ctx context.Context) (session.Saved, error) {
	ctx, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	return p.opts.Memory.Load(ctx, p.guild)
}

// loadLater runs beside the player.
func (p *player) loadLater(ctx context.Context) {
	for {
		select {
		case <-time.After(recallAgain):
		case <-ctx.Done():
			return
		}
		if saved, err := p.load(ctx); err == nil {
			p.inbox.post(recalled{saved})
			return
		}
	}
}

// startAnew makes the queue one whose numbers are higher than those of any that may be
// kept of this guild: one item or change per microsecond since 1970 is more than anybody
// had.
func (p *player) startAnew() {
	n := uint64(time.Now().UnixMicro())
	q, err := queue.Restore(queue.State{Seq: n, LastID: n}, nil, p.queueOptions())
	if err != nil { // the numbers are sound
		panic(err)
	}
	p.queue = q
}

func (p *player) queueOptions() queue.Options { return queue.Options{MaxItems: p.opts.MaxQueue} }

// restore makes the player what it was.
func (p *player) restore(ctx context.Context, saved session.Saved) {
	if saved.Sound != nil {
		p.restoreSound(ctx, *saved.Sound)
	}
	q, err := queue.Restore(saved.Queue, saved.Log, p.queueOptions())
	switch {
	case err != nil:
		p.log.Error("the kept queue is damaged; the guild starts with an empty one", "err", err)
		p.startAnew()
		p.kept.replace = true
	case saved.Queue.Seq > 0 || len(saved.Log) > 0:
		p.queue = q
	}
	p.queue.Changes()
	p.mark(saved)
	for i := range saved.Log {
		p.kept.cost += 1 + len(saved.Log[i].Items) + len(saved.Log[i].IDs)
	}
	p.kept.able, p.kept.sound, p.kept.stand = true, p.sound(), p.stand()
}

// mark puts the bookmark where the guild was.
func (p *player) mark(saved session.Saved) {
	place := saved.Place
	p.bookmark = bookmark{channel: place.Channel}
	p.setSleep(sleep{place.SleepAt, place.SleepAfterTrack})
	item, ok := p.queue.Current()
	if !ok {
		return
	}
	p.bookmark.item = item.ID
	if item.ID == place.Item {
		b := &p.bookmark
		b.at, b.playing, b.paused, b.held = saved.Position(), place.Playing, place.Paused, place.Held
	} else {
		p.bookmark.playing = place.Playing // it was about to begin
	}
}

func (p *player) restoreSound(ctx context.Context, s session.Sound) {
	p.volume, p.filters, p.effects = min(max(s.Volume, 0), MaxVolume), s.Filters, s.Effects
	p.normalise, p.crossfade, p.stay = s.Normalise, min(max(s.Crossfade, 0), MaxCrossfade), s.Stay
	p.queue.SetLoop(s.Loop)
	p.queue.SetFair(s.Fair)
	p.pump.setVolume(ctx, float32(p.volume)/100)
	p.pump.setFilters(ctx, p.filters)
	p.pump.setNormalise(ctx, p.normalise)
	p.pump.setCrossfade(ctx, p.crossfade)
}

// recollect joins what was kept of the guild, which came late, with what has happened
// meanwhile: the sound that was kept counts unless people have changed something, and the
// tracks that were kept come after those that were added since.
func (p *player) recollect(ctx context.Context, saved session.Saved) {
	_, playing := p.queue.Current()
	if !playing && p.queue.Len() == 0 && p.channel == 0 && sameSound(p.sound(), defaultSound()) {
		p.restore(ctx, saved)
		return
	}
	if saved.Sound != nil && sameSound(p.sound(), defaultSound()) {
		p.restoreSound(ctx, *saved.Sound)
		p.reopen(ctx)
	}
	if q, err := queue.Restore(saved.Queue, saved.Log, p.queueOptions()); err != nil {
		p.log.Error("the kept queue is damaged, and dropped", "err", err)
	} else {
		p.append(ctx, q)
	}
	p.kept = kept{able: true, replace: true}
	p.log.Info("what is kept of the guild is loaded at last")
}

// append adds all that q was playing and going to play.
func (p *player) append(ctx context.Context, q *queue.Queue) {
	var items []queue.Item
	if current, ok := q.Current(); ok {
		items = append(items, current)
	}
	for _, it := range q.List() {
		items = append(items, *it)
	}
	if len(items) == 0 {
		return
	}
	if _, err := p.queue.Add(queue.AddOptions{Partial: true}, items...); err != nil {
		p.log.Warn("there is no room for the tracks that were kept", "tracks", len(items), "err", err)
		return
	}
	p.emit(QueueChanged{queue.OpAdd})
	p.lookAhead(ctx)
}

// defaultSound is how a guild sounds that has set nothing.
func defaultSound() session.Sound { return session.Sound{Volume: 100} }
