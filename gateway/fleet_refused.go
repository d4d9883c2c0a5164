package gateway

import (
	"context"
	"time"

	"busker/gateway/conn"
)

// shutFor is how long a shard that Discord refused is not tried again: every try costs one
// of the day's sessions, and only another number of shards helps.
const shutFor = time.Hour

// refusedFor sees to a shard that Discord will not have. What Discord refuses the bot, or
// the only shard there is, is the end of Run.
func (f *Fleet) refusedFor(h *Holding, err error) error {
	f.leave(h)
	switch {
	case conn.TooFewShards(err) && f.opts.Shards == 0 && f.enlarge(h):
		return nil
	case !conn.OfShard(err) || !f.othersRun(h):
		return err
	}
	f.mu.Lock()
	f.shut[h.key] = time.Now().Add(shutFor)
	f.mu.Unlock()
	h.log.Error("discord refuses a shard, and nobody serves its guilds; the other shards go on: order another number of shards", "err", err)
	h.over.Store(true)
	f.tellLost(h, err)
	return nil
}

// enlarge has all go over to as many shards as Discord recommends, if these are more.
func (f *Fleet) enlarge(h *Holding) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*f.opts.TTL)
	defer cancel()
	shards, err := f.opts.Recommend(ctx)
	if err != nil || shards <= h.shards {
		return false
	}
	f.mu.Lock()
	f.refused[h.shards] = true
	f.mu.Unlock()
	f.log.Warn("discord wants more shards for so many guilds", "shards", h.shards, "next", shards)
	if err := Reshard(ctx, f.c, shards); err != nil {
		f.log.Error("the number of shards stays too small", "err", err)
	}
	return true
}

// othersRun reports whether Discord has taken another shard, of this process or any.
func (f *Fleet) othersRun(h *Holding) bool {
	for _, other := range f.holdings() {
		if other != h && other.connected.Load() {
			return true
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, held := range f.view.held {
		if key != h.key && noteOf(held).Up {
			return true
		}
	}
	return false
}

// isShut reports whether a shard is not to be tried, because Discord refused it; the
// caller holds the lock.
func (f *Fleet) isShut(key string) bool { return time.Now().Before(f.shut[key]) }

// vacant reports whether a shard has no owner that this process would take; the caller
// holds the lock.
func (f *Fleet) vacant() bool {
	for key := range f.view.free {
		if !f.isShut(key) {
			return true
		}
	}
	return false
}
