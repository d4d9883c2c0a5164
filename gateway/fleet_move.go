package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"busker/cluster"
	"busker/gateway/conn"
	"busker/internal/fault"
)

const (
	// handOverTime is for the players of one shard to hand over, until that is durable.
	handOverTime = 10 * time.Second
	// moveEvery spaces the moves that only even out, over all processes.
	moveEvery = 3 * time.Second
	// eagerTime is how long an order to even out the shards holds.
	eagerTime = time.Minute
	// drains is how many shards leave a draining process side by side.
	drains = 4
)

// handOver gives a shard to another member, with its session and its players. Until
// the lease has gone over everything can be taken back, and is, when anything fails.
func (f *Fleet) handOver(ctx context.Context, h *Holding, to string) error {
	if h.over.Load() || h.leaving.Swap(true) {
		return fault.New(fault.Busy, "The shard is on its way already.")
	}
	defer h.leaving.Store(false)
	h.moving.Store(true)
	defer h.moving.Store(false)
	if !f.movable(h) {
		return fault.New(fault.Busy, "The number of shards is changing.")
	}
	ctx, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	if err := f.tell(ctx, to, order{kind: orderTake, Key: h.key, Offer: true}); err != nil {
		return fmt.Errorf("offer shard %d to %s: %w", h.shard, to, err)
	}
	if f.opts.OnHandOver != nil && h.active.Load() && h.up.Load() {
		if err := f.opts.OnHandOver(ctx, h.serves); err != nil {
			f.tellOwned(h, Returned)
			return fmt.Errorf("hand over the players of shard %d: %w", h.shard, err)
		}
	}
	if err := f.transfer(ctx, h, to); err != nil {
		f.tellOwned(h, Returned)
		return err
	}
	h.log.Info("shard handed over", "to", to)
	if err := f.tell(ctx, to, order{kind: orderTake, Key: h.key}); err != nil {
		f.log.Debug("the new owner will notice by itself", "to", to, "err", err)
	}
	return nil
}

// movable reports whether a shard may go to another process: not what is out of use, and
// not between the moment its set is in use and that in which it begins.
func (f *Fleet) movable(h *Holding) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.layout.current(h.shards, h.set) && (h.active.Load() || h.shards != f.layout.Shards)
}

// transfer makes the lease another's, with all that happened up to that moment.
func (f *Fleet) transfer(ctx context.Context, h *Holding, to string) error {
	err := h.mark(ctx, func(n *note) { n.To = to })
	if err == nil {
		err = h.runner.Seal(ctx)
	}
	if err != nil {
		h.runner.Unseal()
		return fmt.Errorf("keep shard %d: %w", h.shard, err)
	}
	_, err = f.c.Leases.Transfer(ctx, h.Lease(), to, f.opts.TTL)
	switch {
	case errors.Is(err, cluster.ErrLost):
		f.lose(h, err)
		return fmt.Errorf("hand over shard %d: %w", h.shard, err)
	case err != nil: // it may have gone over all the same, which the keeper will find out
		h.runner.Unseal()
		return fmt.Errorf("hand over shard %d: %w", h.shard, err)
	}
	h.over.Store(true)
	h.cancel(errHandedOver)
	f.mu.Lock()
	f.view.held[h.key] = cluster.Held{Lease: cluster.Lease{Key: h.key, Owner: to}, Note: f.view.held[h.key].Note}
	f.mu.Unlock()
	return nil
}

// even moves one shard to a member that has less, now and then; and one that came back
// to a process that has drained.
func (f *Fleet) even(ctx context.Context) {
	if h, _ := f.surplus(); h == nil || !f.mayMove(ctx) {
		return
	}
	f.look(ctx) // somebody may just have begun to drain
	h, to := f.surplus()
	if h == nil {
		return
	}
	f.moving.Store(true)
	f.group.Go(func() error {
		defer f.moving.Store(false)
		if err := f.handOver(ctx, h, to); err != nil {
			h.log.Info("shard stays", "err", err)
		}
		return nil
	})
}

// mayMove takes a turn of those all processes have.
func (f *Fleet) mayMove(ctx context.Context) bool {
	f.mu.Lock()
	limit := cluster.Limit{Every: moveEvery, Burst: 1}
	if f.draining || time.Now().Before(f.eager) {
		limit.Every = f.opts.TTL / 6
	}
	f.mu.Unlock()
	wait, err := f.c.Limits.Take(ctx, "rebalance", limit)
	return err == nil && wait <= 0
}

// surplus returns a shard to be moved, and to whom, when this process has the most and
// another at least two less.
func (f *Fleet) surplus() (*Holding, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining && !f.drained || f.moving.Load() || f.layout.Next != 0 || f.sets > 1 || f.vacant() {
		return nil, ""
	}
	counts := f.counts(f.layout.Shards)
	to := f.least(counts)
	if f.drained && to != "" {
		return f.idlest(), to
	}
	if to == "" || counts[f.opts.Process]-counts[to] < 2 || f.most(counts) != f.opts.Process {
		return nil, ""
	}
	return f.idlest(), to
}

// least returns another member that has least; the caller holds the lock.
func (f *Fleet) least(counts map[string]int) (who string) {
	loads := map[string]float64{}
	for _, m := range f.view.members {
		loads[m.ID] = m.Load
	}
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		if id == f.opts.Process {
			continue
		}
		if who == "" || counts[id] < counts[who] || counts[id] == counts[who] && loads[id] < loads[who] {
			who = id
		}
	}
	return who
}

// most returns the member that has most.
func (f *Fleet) most(counts map[string]int) (who string) {
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		if who == "" || counts[id] > counts[who] {
			who = id
		}
	}
	return who
}

// idlest returns the shard whose move disturbs least: the one with the fewest guilds
// in voice; nil while not all of them are up. The caller holds the lock.
func (f *Fleet) idlest() (best *Holding) {
	fewest := 0
	for _, key := range slices.Sorted(maps.Keys(f.held)) {
		h := f.held[key]
		if h.over.Load() {
			continue
		}
		if h.runner == nil || h.leaving.Load() || !h.up.Load() || !h.active.Load() {
			return nil // one thing after the other
		}
		if playing, _ := h.runner.InVoice(); best == nil || playing < fewest {
			best, fewest = h, playing
		}
	}
	return best
}

// Drain gives all shards to other members and takes none from then on. It returns nil
// when none is left, or nobody is there to take them, and else when ctx ends. What
// still sounds here is dropped by Discord as the new owners join, and after 15 s by
// OnLost.
func (f *Fleet) Drain(ctx context.Context) error {
	f.mu.Lock()
	f.draining = true
	f.mu.Unlock()
	if err := f.c.Members.Announce(ctx, f.self(), f.opts.TTL); err != nil {
		f.log.Debug("others hear of the drain later", "err", err)
	}
	again := conn.Backoff{First: f.opts.TTL / 12}
	for {
		f.look(ctx)
		if left := f.drainOnce(ctx); left == 0 {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.drained = true
			return nil
		}
		if err := pause(ctx, min(again.Next(), f.opts.TTL)); err != nil {
			return err
		}
	}
}

// drainOnce offers every shard to somebody and returns how many could go and did not.
func (f *Fleet) drainOnce(ctx context.Context) (left int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	places := make(chan struct{}, drains)
	for _, h := range f.holdings() {
		to := f.receiver(h.shards)
		if to == "" {
			continue
		}
		if !f.movable(h) { // it will have ended, or begun
			f.unpromise(to)
			mu.Lock()
			left++
			mu.Unlock()
			continue
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			defer f.unpromise(to)
			if err := f.handOver(ctx, h, to); err != nil && !h.over.Load() {
				h.log.Warn("shard is not handed over", "to", to, "err", err)
				mu.Lock()
				left++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return left
}

func (f *Fleet) unpromise(to string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.promised[to]--
}

// receiver returns who should take the next shard of a set, and counts it as theirs.
func (f *Fleet) receiver(shards int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := f.counts(shards)
	delete(counts, f.opts.Process)
	for id := range counts {
		counts[id] += f.promised[id]
	}
	to := f.least(counts)
	if to != "" {
		f.promised[to]++
	}
	return to
}
