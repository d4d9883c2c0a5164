package player

import (
	"context"
	"errors"
	"time"

	"busker/internal/fault"
	"busker/queue"
	"busker/session"
)

const (
	// recallWithin is how long a player waits for what is kept of it before it serves.
	recallWithin = 2 * time.Second
	// loadAgain is the pause before the Memory is asked again within that time: a database
	// that starts anew is away for a moment.
	loadAgain = 200 * time.Millisecond
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
	if err == nil || fault.KindOf(err) == fault.Corrupt {
		p.restore(ctx, saved, err)
		return
	}
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, session.ErrFenced) {
		p.custody, p.refused = gone, ErrMoved
		return
	}
	p.log.Warn("what is kept of the guild could not be loaded; until it is, nothing is kept", "err", err)
	p.startAnew()
	p.work.Go(func() { p.loadLater(ctx) })
}

func (p *player) load(ctx context.Context) (session.Saved, error) {
	ctx, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	for {
		saved, err := p.opts.Memory.Load(ctx, p.guild)
		if err == nil || errors.Is(err, session.ErrFenced) || !passing(err) || !pass(ctx, loadAgain) {
			return saved, err
		}
	}
}

// loadLater runs beside the player.
func (p *player) loadLater(ctx context.Context) {
	for {
		select {
		case <-time.After(recallAgain):
		case <-ctx.Done():
			return
		}
		saved, err := p.load(ctx)
		if err == nil || fault.KindOf(err) == fault.Corrupt {
			p.inbox.post(recalled{saved, err})
			return
		}
		if errors.Is(err, session.ErrFenced) {
			p.inbox.post(letGo{})
			return
		}
	}
}

// startAnew makes the queue one whose numbers are higher than those of any that may be
// kept of this guild: one item or change per microsecond since 1970 is more than anybody
// had.
func (p *player) startAnew() {
	n := uint64(time.Now().UnixMicro())
	p.replace(queue.State{Seq: n, LastID: n})
}

func (p *player) queueOptions() queue.Options { return queue.Options{MaxItems: p.opts.MaxQueue} }

// restore makes the player what it was. damaged says why what was loaded is not all of it;
// nil = it is.
func (p *player) restore(ctx context.Context, saved session.Saved, damaged error) {
	sound := defaultSound()
	if saved.Sound != nil {
		sound = *saved.Sound
		p.restoreSound(ctx, sound)
	}
	q, err := p.unpack(saved, damaged)
	switch {
	case err != nil:
		p.log.Error("the kept queue is damaged; the guild starts with an empty one", "err", err)
		p.startAnew()
		p.adopt(sound)
		p.kept.replace = true
	case saved.Queue.Seq == 0 && len(saved.Log) == 0: // no queue was ever kept
		p.queue = q
		p.kept.replace = p.adopt(sound)
	default:
		p.queue = q
	}
	p.mark(saved)
	p.deeds.recall(saved.Applied)
	for i := range saved.Log {
		p.kept.cost += 1 + len(saved.Log[i].Items) + len(saved.Log[i].IDs)
	}
	p.kept.able, p.kept.sound, p.kept.stand = true, p.sound(), p.stand()
}

// unpack returns the queue that was kept.
func (p *player) unpack(saved session.Saved, damaged error) (*queue.Queue, error) {
	if damaged != nil {
		return nil, damaged
	}
	return queue.Restore(saved.Queue, saved.Log, p.queueOptions())
}

// adopt gives the queue the modes of a sound, with nothing to undo, for nobody has chosen
// them just now. It reports whether that made it another one.
func (p *player) adopt(s session.Sound) (changed bool) {
	undo, seq := p.queue.State().Undo, p.queue.State().Seq
	p.queue.SetLoop(s.Loop)
	p.queue.SetFair(s.Fair)
	state := p.queue.State()
	state.Undo = undo
	p.replace(state)
	return state.Seq != seq
}

// replace makes the queue one of a state that the queue itself has given.
func (p *player) replace(s queue.State) {
	q, err := queue.Restore(s, nil, p.queueOptions())
	if err != nil {
		panic(err)
	}
	p.queue = q
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
		if now := time.Now(); place.Speed > 0 && !item.Track.Live {
			b.course = course{saved.Running(now), now, place.Speed}
		}
	} else {
		p.bookmark.playing = place.Playing // it was about to begin
	}
}

func (p *player) restoreSound(ctx context.Context, s session.Sound) {
	p.volume, p.filters, p.effects = min(max(s.Volume, 0), MaxVolume), s.Filters, s.Effects
	p.normalise, p.crossfade, p.stay = s.Normalise, min(max(s.Crossfade, 0), MaxCrossfade), s.Stay
	p.pump.setVolume(ctx, float32(p.volume)/100)
	p.pump.setFilters(ctx, p.filters)
	p.pump.setNormalise(ctx, p.normalise)
	p.pump.setCrossfade(ctx, p.crossfade)
}

// recollect joins what was kept of the guild, which came late, with what has happened
// meanwhile: the sound that was kept counts unless people have changed something, and the
// tracks that were kept come after those that were added since.
func (p *player) recollect(ctx context.Context, n recalled) {
	saved := n.saved
	_, playing := p.queue.Current()
	if !playing && p.queue.Len() == 0 && p.channel == 0 && sameSound(p.sound(), defaultSound()) {
		p.restore(ctx, saved, n.damaged)
		return
	}
	if saved.Sound != nil && sameSound(p.sound(), defaultSound()) {
		p.restoreSound(ctx, *saved.Sound)
		p.adopt(*saved.Sound)
		p.reopen(ctx)
	}
	if q, err := p.unpack(saved, n.damaged); err != nil {
		p.log.Error("the kept queue is damaged, and dropped", "err", err)
	} else {
		p.append(ctx, q)
	}
	p.deeds.recall(saved.Applied)
	p.deeds.step = append(p.deeds.step, p.deeds.unkept...) // they are durable with this step
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
