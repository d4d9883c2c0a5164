package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busker/cluster"
	"busker/internal/snowflake"
)

// newsBuffer holds what is to be told of one shard: more than two of a kind at a time
// say nothing new.
const newsBuffer = 4

// claim takes the lease of a shard and runs it, unless it is another's or runs here
// already.
func (f *Fleet) claim(ctx context.Context, key string, how How) error { //nolint:contextcheck // the shard outlives the call
	h, err := f.reserve(key, how)
	if h == nil || err != nil {
		return err
	}
	ctx, cancelAttempt := context.WithTimeout(ctx, f.opts.TTL) // by then the lease is over
	defer cancelAttempt()
	grant, err := f.c.Leases.Acquire(ctx, key, f.opts.Process, f.opts.TTL)
	if err != nil {
		f.drop(h)
		return err
	}
	if !f.takes(ctx, h, grant) {
		f.drop(h)
		return f.c.Leases.Release(ctx, grant.Lease)
	}
	if err := h.mark(ctx, func(*note) {}); err != nil { // before anything else: see untouched
		f.drop(h)
		return err
	}
	ctxRun, cancel := context.WithCancelCause(context.Background())
	h.cancel = cancel
	runner := f.opts.Runner(h)
	f.mu.Lock()
	h.runner = runner
	f.mu.Unlock()
	h.log.Info("shard is ours", "how", h.how, "grant", grant.Token, "active", h.active.Load())
	f.group.Go(func() error { return f.serve(ctxRun, h) })
	return nil
}

// takes has h begin with what it is granted, unless its set is out of use by now: who has
// a shard of that one when another set begins keeps it from serving. Beside another set
// it serves nobody before begin.
func (f *Fleet) takes(ctx context.Context, h *Holding, grant cluster.Grant) bool {
	if f.resharding() {
		looking, cancel := context.WithTimeout(ctx, f.opts.TTL/6)
		defer cancel()
		f.lookUp(looking) // else what was true a moment ago has to do
	}
	h.begins(grant)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.layout.current(h.shards, h.set) {
		return false
	}
	h.active.Store(h.active.Load() || h.shards == f.layout.Shards && !f.beside(h.shards))
	return true
}

// beside reports whether there are shards of another set. The caller holds the lock.
func (f *Fleet) beside(shards int) bool {
	for _, h := range f.held {
		if h.shards != shards {
			return true
		}
	}
	for key := range f.view.held {
		if of, _, ok := parseShardKey(key); ok && of != shards {
			return true
		}
	}
	return false
}

// reserve keeps others in this process from claiming key; nil when somebody has it.
func (f *Fleet) reserve(key string, how How) (*Holding, error) {
	shards, shard, ok := parseShardKey(key)
	if !ok {
		return nil, fmt.Errorf("%q is no shard", key)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if there := f.held[key]; there != nil {
		if there.over.Load() {
			there.rush.Do(func() { close(there.hurry) })
		}
		return nil, nil
	}
	h := &Holding{
		f: f, key: key, shards: shards, shard: shard, how: how, log: f.log.With("shard", shard, "shards", shards),
		news: make(chan How, newsBuffer), hurry: make(chan struct{}), writing: newGate(), claimed: time.Now(),
	}
	f.held[key] = h
	f.countSets()
	return h, nil
}

// drop forgets h, so that its key may be claimed again.
func (f *Fleet) drop(h *Holding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.held, h.key)
	f.countSets()
}

// countSets counts into how many different numbers of shards the held ones divide; the
// caller holds the lock.
func (f *Fleet) countSets() {
	sets := map[int]bool{}
	for _, h := range f.held {
		sets[h.shards] = true
	}
	f.sets = len(sets)
}

// serve runs one shard from its claim until it is another's or the process stops.
func (f *Fleet) serve(ctx context.Context, h *Holding) error {
	defer f.drop(h)
	defer h.cancel(nil)
	ended := make(chan error, 1)
	f.group.Go(func() error {
		ended <- h.runner.Run(ctx)
		return nil
	})
	stopping := f.stopping
	for {
		select {
		case <-stopping:
			stopping = nil
			h.cancel(nil)
		case how := <-h.news:
			f.own(h, how) //nolint:contextcheck // what is said must be said
		case err := <-ended:
			return f.end(ctx, h, err)
		}
	}
}

// own tells of a shard whose guilds are to be served.
func (f *Fleet) own(h *Holding, how How) {
	if !h.up.Load() || !h.active.Load() || h.over.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), f.opts.TTL/3)
	defer cancel()
	if err := h.mark(ctx, func(n *note) { n.To = "" }); err != nil {
		f.log.Debug("the note follows", "err", err)
	}
	if f.opts.OnOwn != nil {
		f.opts.OnOwn(h.owned(how))
	}
}

// end sees to what is left of a shard when its connection is over.
func (f *Fleet) end(ctx context.Context, h *Holding, err error) error {
	why := context.Cause(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		return f.refusedFor(h, err) //nolint:contextcheck // the shard's has ended
	case errors.Is(why, errHandedOver):
		f.linger(h)
		f.tellLost(h, why)
	case h.over.Load():
		f.tellLost(h, why)
	default:
		f.leave(h) //nolint:contextcheck // the shard's has ended
	}
	return nil
}

// linger waits while players that were handed over play on.
func (f *Fleet) linger(h *Holding) {
	timer := time.NewTimer(lingering)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-h.hurry:
	case <-f.stopping:
	}
}

func (f *Fleet) tellLost(h *Holding, why error) {
	if f.opts.OnLost != nil && h.up.Load() {
		f.opts.OnLost(func(guild snowflake.ID) bool { return h.serves(guild) && f.Of(guild) == nil }, why)
	}
}

// leave keeps all that is known of a shard and gives its lease back, for others to
// take it at once: this process stops.
func (f *Fleet) leave(h *Holding) {
	ctx, cancel := context.WithTimeout(context.Background(), f.opts.TTL/3)
	defer cancel()
	err := h.runner.Seal(ctx)
	if err == nil {
		h.over.Store(true)
		err = f.c.Leases.Release(ctx, h.Lease())
	}
	if err != nil && !errors.Is(err, cluster.ErrLost) {
		f.log.Warn("the lease of a shard is left to expire", "shard", h.shard, "err", err)
	}
}
