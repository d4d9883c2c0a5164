package gateway

import (
	"context"
	"errors"
	"iter"
	"time"

	"busker/cluster"
	"busker/internal/snowflake"
)

// reshard brings a change of the number of shards a step further: the next set
// replaces the present one when all of it is up and the change before is through, its
// shards begin where the guilds are free, and those of former sets end.
func (f *Fleet) reshard(ctx context.Context) {
	f.mu.Lock()
	l, written, held := f.layout, f.written, f.view.held
	f.mu.Unlock()
	if l.Next != 0 && allUp(held, l) && !unfinished(held, l) {
		if swapped, err := swapLayout(ctx, f.c.Cache, written, l.done()); err == nil && swapped {
			f.lookUp(ctx)
		}
	}
	for _, h := range f.holdings() {
		switch {
		case h.leaving.Load():
		case !f.present(h):
			f.retire(h) //nolint:contextcheck // it lasts as long as Run
		case !h.active.Load() && h.up.Load() && f.mayBegin(h):
			f.begin(ctx, h)
		}
	}
}

// allUp reports whether every shard of the next set is held and up.
func allUp(held map[string]cluster.Held, l layout) bool {
	for shard := range l.Next {
		if n := noteOf(held[shardKey(l.Next, shard)]); !n.Up || n.Set != l.Order {
			return false
		}
	}
	return true
}

// unfinished reports whether shards of a set before the present one are still held: what
// they give away is chosen by the present set, so that has to stay until they have ended.
func unfinished(held map[string]cluster.Held, l layout) bool {
	for key, h := range held {
		if shards, _, ok := parseShardKey(key); ok && !l.current(shards, readNote(h.Note).Set) {
			return true
		}
	}
	return false
}

// present reports whether the set of h is in use, or to be.
func (f *Fleet) present(h *Holding) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.layout.current(h.shards, h.set)
}

// setOf returns which set of so many shards there is: see layout.
func (f *Fleet) setOf(shards int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.layout.set(shards)
}

// resharding reports whether a change is under way.
func (f *Fleet) resharding() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.layout.Next != 0 || f.sets > 1
}

// stays reports whether guild will be this process's when the set that is in use now
// has begun.
func (f *Fleet) stays(guild snowflake.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keeps(guild)
}

// keeps is stays for who holds the lock.
func (f *Fleet) keeps(guild snowflake.ID) bool {
	return f.isOurs(f.layout.Shards, shardNumber(guild, f.layout.Shards))
}

// isOurs reports whether a shard runs here; the caller holds the lock.
func (f *Fleet) isOurs(shards, shard int) bool {
	h := f.held[shardKey(shards, shard)]
	return h != nil && h.runner != nil && !h.over.Load()
}

// mayBegin reports whether the events of h may count: its set is in use, and no other
// process still serves guilds of it by a shard of a former set. Who takes one of that set
// looks afterwards whether it is in use; so we look at the shards after the set.
func (f *Fleet) mayBegin(h *Holding) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h.shards != f.layout.Shards || f.view.layout.Since != f.layout.Since {
		return false
	}
	for key, other := range f.formers(h) {
		n := readNote(other.Note)
		switch ours := f.held[key]; {
		case ours != nil && !ours.over.Load():
			if ours.moving.Load() {
				return false
			}
		case n.Active && !n.Away && other.Owner != f.opts.Process:
			return false
		}
	}
	return true
}

// formers are the shards of other sets than those in use that can serve guilds of h, as
// the cluster has them. The caller holds the lock.
func (f *Fleet) formers(h *Holding) iter.Seq2[string, cluster.Held] {
	return func(yield func(string, cluster.Held) bool) {
		for key, other := range f.view.held {
			shards, shard, ok := parseShardKey(key)
			former := ok && !f.layout.current(shards, readNote(other.Note).Set)
			if former && overlap(h.shards, h.shard, shards, shard) && !yield(key, other) {
				return
			}
		}
	}
}

// begin has a shard of a new set serve its guilds. It needs a new token: the former
// shard may have a higher one, when it changed hands meanwhile.
func (f *Fleet) begin(ctx context.Context, h *Holding) {
	if f.revalidate.enter(ctx) != nil {
		return
	}
	defer f.revalidate.leave()
	given, err := f.c.Leases.Transfer(ctx, h.Lease(), f.opts.Process, f.opts.TTL)
	if err != nil {
		return // next time
	}
	grant, err := f.c.Leases.Acquire(ctx, h.key, f.opts.Process, f.opts.TTL)
	if err != nil || grant.Token < given.Token {
		return
	}
	f.mu.Lock()
	how := f.wasOurs(h)
	for _, other := range f.formers(h) {
		h.runner.Former(readNote(other.Note).State)
	}
	f.mu.Unlock()
	h.setLease(grant.Lease)
	h.runner.Begin(func() { h.active.Store(true) })
	h.runner.Rewrite()
	h.log.Info("shard of the new set serves its guilds", "how", how, "grant", grant.Token)
	f.tellOwned(h, how)
}

// wasOurs tells how the guilds of h come: Kept when all the former shards that served
// any of them are ours and gave none away, TakenOver when there is no other process that
// has one. The caller holds the lock.
func (f *Fleet) wasOurs(h *Holding) How {
	how := TakenOver
	for key, other := range f.formers(h) {
		switch ours := f.held[key]; {
		case ours == nil || ours.over.Load():
			if other.Owner != f.opts.Process {
				return HandedOver
			}
		case !ours.parted.IsZero() && h.claimed.After(ours.parted): // ours is one of those it gave them to
			return HandedOver
		case f.allOurs(h, ours.shards):
			how = Kept
		}
	}
	return how
}

// allOurs reports whether all shards of another set that can serve guilds of h run here;
// the caller holds the lock.
func (f *Fleet) allOurs(h *Holding, shards int) bool {
	for shard := range shards {
		if overlap(h.shards, h.shard, shards, shard) && !f.isOurs(shards, shard) {
			return false
		}
	}
	return true
}

// retire ends a shard of a set that is out of use, in its own time.
func (f *Fleet) retire(h *Holding) {
	if h.leaving.Swap(true) {
		return
	}
	f.group.Go(func() error {
		ctx, cancel := f.untilStop()
		defer cancel()
		if err := f.retired(ctx, h); err != nil && !errors.Is(err, context.Canceled) {
			h.log.Warn("shard of the former set has not ended", "err", err)
			h.leaving.Store(false)
		}
		return nil
	})
}

// retired hands the guilds over that other processes serve from now on, waits until
// all of its guilds are served by the new set and no voice connection depends on the
// session any more, and ends it.
func (f *Fleet) retired(ctx context.Context, h *Holding) error {
	if h.active.Load() {
		if err := f.handAway(ctx, h); err != nil {
			return err
		}
	}
	if !f.waitFor(ctx, h, func() bool { return f.replaced(h) }) { // until then nobody else tells what happens
		return ctx.Err()
	}
	patience, cancel := context.WithTimeout(ctx, lingering)
	defer cancel()
	voiceless := f.waitFor(patience, h, func() bool { _, bySession := h.runner.InVoice(); return bySession == 0 })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if voiceless {
		h.runner.End()
	}
	if h.over.Swap(true) {
		return nil
	}
	h.log.Info("shard of the former set ends", "session_ended", voiceless)
	err := f.c.Leases.Release(ctx, h.Lease())
	h.cancel(errHandedOver)
	return err
}

// handAway hands over those guilds of a former shard that another process serves next.
func (f *Fleet) handAway(ctx context.Context, h *Holding) error {
	ctx, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	f.mu.Lock()
	if h.parted.IsZero() {
		h.parted = time.Now()
	}
	f.mu.Unlock()
	if f.opts.OnHandOver != nil && h.up.Load() && !h.away.Load() {
		err := f.opts.OnHandOver(ctx, func(guild snowflake.ID) bool { return h.serves(guild) && !f.stays(guild) })
		if err != nil {
			f.tellOwned(h, Returned)
			return err
		}
	}
	h.away.Store(true)
	return h.mark(ctx, func(*note) {})
}

// replaced reports whether shards of the set in use serve all of h's guilds.
func (f *Fleet) replaced(h *Holding) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for shard := range f.layout.Shards {
		if !overlap(h.shards, h.shard, f.layout.Shards, shard) {
			continue
		}
		key := shardKey(f.layout.Shards, shard)
		if ours := f.held[key]; ours != nil && ours != h && ours.active.Load() && ours.up.Load() && !ours.over.Load() {
			continue
		}
		if n := noteOf(f.view.held[key]); !n.Active || !n.Up || n.Set < f.layout.Since {
			return false
		}
	}
	return true
}

// serving reports whether another process is known to serve guild by a shard of the set
// that is in use.
func (f *Fleet) serving(guild snowflake.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.layout.Shards == 0 {
		return false
	}
	key := shardKey(f.layout.Shards, shardNumber(guild, f.layout.Shards))
	n := noteOf(f.view.held[key])
	return n.Active && n.Up && f.view.held[key].Owner != f.opts.Process
}

// waitFor reports whether something becomes true before ctx ends and while h is ours.
func (f *Fleet) waitFor(ctx context.Context, h *Holding, is func() bool) bool {
	for !is() {
		if h.over.Load() || pause(ctx, f.opts.TTL/12) != nil {
			return false
		}
	}
	return true
}
