package player

import (
	"cmp"
	"context"

	"busker/internal/fault"
	"busker/queue"
)

// applyToQueue carries out what only concerns the upcoming tracks.
func (p *player) applyToQueue(ctx context.Context, c Command) (err error) {
	switch c := c.(type) {
	case Remove:
		err = p.remove(c)
	case RemoveRange:
		var dropped []*queue.Item
		dropped, err = p.queue.RemoveRange(c.From, c.To)
		p.dropped(dropped, queue.OpRemove)
	case RemoveBy:
		p.dropped(p.queue.RemoveBy(c.Users...), queue.OpRemove)
	case RemoveExcept:
		p.dropped(p.queue.RemoveExcept(c.Users...), queue.OpRemove)
	case RemoveDuplicates:
		p.dropped(p.queue.RemoveDuplicates(), queue.OpRemove)
	case Clear:
		p.dropped(p.queue.Clear(), queue.OpClear)
	default:
		err = p.applyToOrder(ctx, c)
	}
	p.lookAhead(ctx)
	return err
}

// applyToOrder carries out what changes the order of the upcoming tracks.
func (p *player) applyToOrder(ctx context.Context, c Command) error {
	switch c := c.(type) {
	case Move:
		return p.move(c)
	case Shuffle:
		return p.shuffle()
	case Loop:
		return p.loop(c.Mode)
	case Fair:
		p.fair(c.On)
		return nil
	case Undo:
		return p.undo(ctx)
	}
	return fault.Newf(fault.Unsupported, "The player does not know the command %s.", c.command())
}

// play returns the Play that does the same in a channel.
func (c Add) play() Play {
	return Play{
		Tracks: c.Tracks, Requester: c.Requester,
		Where: c.Where, PerUser: c.PerUser, Partial: c.Partial, Now: c.Now,
	}
}

// addition returns what c adds to the queue, and how.
func (c Play) addition() (queue.AddOptions, []queue.Item) {
	items := make([]queue.Item, len(c.Tracks))
	for i, t := range c.Tracks {
		items[i] = queue.Item{Track: t, Requester: c.Requester}
	}
	o := queue.AddOptions{Where: c.Where, PerUser: c.PerUser, Partial: c.Partial}
	if c.Now {
		o.Where = queue.Where{Place: queue.Next}
	}
	return o, items
}

// acceptable refuses tracks before a channel is joined for their sake.
func (p *player) acceptable(c Play) error {
	if len(c.Tracks) == 0 {
		return fault.New(fault.Invalid, "There is nothing to play.")
	}
	o, items := c.addition()
	return p.queue.Fits(o, items...)
}

// add adds tracks, and starts with the first one waiting when nothing plays.
func (p *player) add(ctx context.Context, c Play) error {
	if len(c.Tracks) == 0 || p.channel == 0 {
		return cmp.Or(p.acceptable(c), errNowhere())
	}
	o, items := c.addition()
	added, err := p.queue.Add(o, items...)
	if err != nil {
		return err
	}
	p.outcome.Added, p.outcome.First = added, p.queue.LastID()-uint64(added)+1
	p.emit(QueueChanged{queue.OpAdd})
	switch {
	case c.Now:
		return p.skip(ctx, 1)
	case p.current == nil:
		p.start(ctx)
	}
	p.lookAhead(ctx)
	return nil
}

// jump skips to an upcoming track, also from silence.
func (p *player) jump(ctx context.Context, c Jump) error {
	id, err := p.itemAt(c.Item, c.Index)
	if err == nil && p.channel == 0 {
		err = errNowhere()
	}
	if err != nil {
		return err
	}
	p.change(ctx, func() (queue.Item, bool) {
		_, _ = p.queue.Jump(id) // itemAt has seen it
		return p.queue.Current()
	})
	return nil
}

// previous goes back to the track played before, also from silence.
func (p *player) previous(ctx context.Context) error {
	switch {
	case p.channel == 0:
		return errNowhere()
	case len(p.queue.History()) == 0:
		return fault.New(fault.Invalid, "Nothing has played before this.")
	}
	p.change(ctx, p.queue.Previous)
	return nil
}

// itemAt returns the ID of an upcoming item: the one given, or that at index.
func (p *player) itemAt(id uint64, index int) (uint64, error) {
	if id != 0 {
		i, ok := p.queue.Find(id)
		if !ok {
			return 0, fault.New(fault.NotFound, "That track is no longer in the queue.")
		}
		index = i
	}
	item, err := p.queue.At(index)
	return item.ID, err
}

func (p *player) remove(c Remove) error {
	id, err := p.itemAt(c.Item, c.Index)
	if err != nil {
		return err
	}
	dropped, err := p.queue.Remove(id)
	p.dropped(dropped, queue.OpRemove)
	return err
}

// dropped notes that items were taken out of the queue.
func (p *player) dropped(items []*queue.Item, kind queue.Op) {
	if len(items) > 0 {
		p.outcome.Dropped = items
		p.emit(QueueChanged{kind})
	}
}

func (p *player) move(c Move) error {
	id, err := p.itemAt(c.Item, c.From)
	if err == nil {
		_, err = p.queue.Move(id, c.To)
	}
	if err == nil {
		p.emit(QueueChanged{queue.OpMove})
	}
	return err
}

func (p *player) shuffle() error {
	if p.queue.Len() == 0 {
		return fault.New(fault.Invalid, "The queue is empty.")
	}
	p.queue.Shuffle(p.random.Uint64())
	p.emit(QueueChanged{queue.OpShuffle})
	return nil
}

func (p *player) loop(mode queue.Loop) error {
	if mode > queue.All {
		return fault.New(fault.Invalid, "There is no such loop mode; take off, track or queue.")
	}
	if mode != p.queue.Loop() {
		p.queue.SetLoop(mode)
		p.emit(LoopChanged{mode})
	}
	return nil
}

func (p *player) fair(on bool) {
	if on != p.queue.Fair() {
		p.queue.SetFair(on)
		p.emit(FairChanged{on})
		p.emit(QueueChanged{queue.OpFair})
	}
}

// undo takes back the newest change of the queue. What comes back to an empty one
// plays at once, where there is a channel.
func (p *player) undo(ctx context.Context) error {
	empty := p.queue.Len() == 0
	op, err := p.queue.Undo()
	if err != nil {
		return err
	}
	p.outcome.Undone = op
	switch op {
	case queue.OpLoop:
		p.emit(LoopChanged{p.queue.Loop()})
		return nil
	case queue.OpFair:
		p.emit(FairChanged{p.queue.Fair()})
	}
	p.emit(QueueChanged{queue.OpUndo})
	if empty && p.queue.Len() > 0 && p.current == nil && p.channel != 0 {
		p.start(ctx)
	}
	return nil
}

// unname takes a person off everything. The new queue must be kept whole: no change tells
// it from the old one.
func (p *player) unname(user queue.UserID) {
	if state, known := p.queue.State().Without(user); known {
		p.replace(state)
		p.kept.replace = true
	}
	for _, s := range []*segment{p.current, p.follow} {
		if s != nil && s.item.Requester == user {
			s.item.Requester = 0
		}
	}
}
