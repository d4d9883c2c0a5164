package gateway

import (
	"context"
	"errors"
	"time"

	"busker/cluster"
	"busker/internal/snowflake"
)

// reshard brings a change of the number of shards a step further: the next set
// replaces the present one when all of it is up, its shards begin where the guilds
// are free, and those of former sets end.
func (f *Fleet) reshard(ctx context.Context) {
	f.mu.Lock()
	l, written, held := f.layout, f.written, f.view.held
	f.mu.Unlock()
	if l.Next != 0 && allUp(held, l.Next) {
		if swapped, err := swapLayout(ctx, f.c.Cache, written, l.done()); err == nil && swapped {
			f.look(ctx)
		}
	}
	for _, h := range f.holdings() {
		switch {
		case h.leaving.Load():
		case !f.present(h.shards):
			f.retire(h) //nolint:contextcheck // it lasts as long as Run
		case !h.active.Load() && f.mayBegin(h):
			f.begin(ctx, h)
		}
	}
}

// allUp reports whether every shard of a set is held and up.
func allUp(held map[string]cluster.Held, shards int) bool {
	for shard := range shards {
		if !noteOf(held[shardKey(shards, shard)]).Up {
			return false
		}
	}
	return true
}

// present reports whether a set of so many shards is in use, or to be.
func (f *Fleet) present(shards int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.layout.has(shards)
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
// process still serves guilds of it by a shard of a former set.
func (f *Fleet) mayBegin(h *Holding) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h.shards != f.layout.Shards {
		return false
	}
	for key, other := range f.view.held {
		shards, shard, ok := parseShardKey(key)
		if !ok || f.layout.has(shards) || !overlap(h.shards, h.shard, shards, shard) || f.isOurs(shards, shard) {
			continue
		}
		if n := readNote(other.Note); n.Active && !n.Away {
			return false
		}
	}
	return true
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
	for key, other := range f.view.held {
		if shards, shard, ok := parseShardKey(key); ok && !f.layout.has(shards) && overlap(h.shards, h.shard, shards, shard) {
			h.runner.Former(readNote(other.Note).State)
		}
	}
	f.mu.Unlock()
	h.setLease(grant.Lease)
	h.runner.Begin(func() { h.active.Store(true) })
	h.runner.Rewrite()
	h.log.Info("shard of the new set serves its guilds", "grant", grant.Token)
	f.tellOwned(h, how)
}

// wasOurs tells how the guilds of h come: Kept when all the former shards that served
// any of them are ours. The caller holds the lock.
func (f *Fleet) wasOurs(h *Holding) How {
	how := HandedOver
	for _, former := range f.held {
		if f.layout.has(former.shards) || !overlap(h.shards, h.shard, former.shards, former.shard) {
			continue
		}
		how = Kept
		for shard := range former.shards {
			if overlap(h.shards, h.shard, former.shards, shard) && !f.isOurs(former.shards, shard) {
				return HandedOver
			}
		}
	}
	return how
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
	if h.active.Load() && !h.away.Load() {
		if err := f.handAway(ctx, h); err != nil {
			return err
		}
	}
	voiceless := f.waitFor(ctx, h, handOverTime, func() bool { return f.replaced(h) }) &&
		f.waitFor(ctx, h, lingering, func() bool { _, bySession := h.runner.InVoice(); return bySession == 0 })
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
	if f.opts.OnHandOver != nil && h.up.Load() {
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
		if ours := f.held[key]; ours != nil && ours.active.Load() && ours.up.Load() {
			continue
		}
		if n := noteOf(f.view.held[key]); !n.Active || !n.Up {
			return false
		}
	}
	return true
}

// waitFor reports whether something becomes true within a time.
func (f *Fleet) waitFor(ctx context.Context, h *Holding, most time.Duration, is func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for !is() {
		if h.over.Load() || pause(ctx, f.opts.TTL/12) != nil {
			return false
		}
	}
	return true
}
