package gateway

import (
	"context"
	"errors"
	"slices"
	"time"

	"busker/cluster"
)

// view is what the cluster looked like a moment ago.
type view struct {
	members []cluster.Member
	held    map[string]cluster.Held
	free    map[string]time.Time // since when a shard is seen to be nobody's
	at      time.Time            // when that was
	layout  layout               // as it was known before
	blind   time.Time            // until when what seems to be free may not be
}

// busyLoad is the load from which a process leaves free shards to others for a while.
const busyLoad = 0.85

// survey looks who owns which shard, and takes what is ours or should be.
func (f *Fleet) survey(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, f.opts.TTL/3)
	defer cancel()
	if time.Since(f.started) < f.opts.TTL/3 || f.resharding() {
		f.look(attempt) // who starts with us has just said so; another number of shards may be in use
	}
	known := f.known()
	list, err := f.c.Leases.List(attempt, shardsPrefix)
	if err != nil {
		return // meet tells
	}
	free := f.see(list, known)
	f.adopt(ctx, list)
	if slices.ContainsFunc(free, f.wants) {
		f.look(attempt) // another number of shards may be in use by now
	}
	for _, key := range free {
		if !f.wants(key) {
			continue
		}
		if err := f.claim(ctx, key, TakenOver); err != nil && !errors.Is(err, cluster.ErrHeld) {
			f.log.Debug("a free shard is not taken", "key", key, "err", err)
			return
		}
	}
	f.reshard(attempt)
	f.even(ctx)
	f.checkReady()
}

// see notes who owns what and returns the keys of the shards nobody owns. After a time
// without a view, leases may just have expired whose owners are there: they get the
// time to take them back.
func (f *Fleet) see(list []cluster.Held, known layout) (free []string) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.view.at.IsZero() && now.Sub(f.view.at) > f.opts.TTL/2 {
		f.view.blind = now.Add(f.opts.TTL)
	}
	f.view.at, f.view.layout = now, known
	f.view.held = make(map[string]cluster.Held, len(list))
	for _, h := range list {
		f.view.held[h.Key] = h
	}
	since := map[string]time.Time{}
	for _, shards := range f.layout.sets() {
		for shard := range shards {
			key := shardKey(shards, shard)
			if _, held := f.view.held[key]; held {
				continue
			}
			since[key] = now
			if before, ok := f.view.free[key]; ok && f.settled() {
				since[key] = before
			}
			free = append(free, key)
		}
	}
	f.view.free = since
	return free
}

// adopt runs the shards whose leases name this process: they were handed over to it,
// or are those of its life before, or it never heard that it was granted them.
func (f *Fleet) adopt(ctx context.Context, list []cluster.Held) {
	for _, held := range list {
		if held.Owner != f.opts.Process || f.runs(held) {
			continue
		}
		how := TakenOver
		if n := readNote(held.Note); n.To == f.opts.Process && n.Token != held.Token {
			how = HandedOver
		}
		if err := f.claim(ctx, held.Key, how); err != nil {
			f.log.Debug("a shard that is ours is not taken", "key", held.Key, "err", err)
		}
	}
}

// runs reports whether a shard is ours already, or was when the cluster was asked.
func (f *Fleet) runs(held cluster.Held) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.held[held.Key]
	return h != nil && (!h.over.Load() || h.Lease().Token >= held.Token)
}

// wants reports whether this process should take a free shard now. Who has less than
// its fair share does so at once; the others give those a moment.
func (f *Fleet) wants(key string) bool {
	shards, shard, ok := parseShardKey(key)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !ok || !f.layout.has(shards) || f.draining || f.refused[shards] || f.isShut(key) || !f.runsShards() || !f.settled() || time.Now().Before(f.view.blind) {
		return false
	}
	ttl := f.opts.TTL
	counts := f.counts(shards)
	mine, fair := counts[f.opts.Process], share(shards, len(counts))
	var wait time.Duration
	switch near := f.neighbour(shards, shard); {
	case near == f.opts.Process:
		return true
	case near != "":
		wait = ttl * 2 / 3
	}
	switch {
	case mine >= fair:
		wait += ttl/6 + ttl/24*time.Duration(min(mine-fair, 12))
	case f.load() > busyLoad && len(counts) > 1:
		wait += ttl / 12
	}
	return time.Since(f.view.free[key]) >= wait
}

// known returns the layout as it is known here.
func (f *Fleet) known() layout {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.layout
}

func (f *Fleet) runsShards() bool {
	return runsShards(cluster.Member{Role: f.opts.Role})
}

// load is this process's own, as the others see it; the caller holds the lock.
func (f *Fleet) load() float64 {
	for _, m := range f.view.members {
		if m.ID == f.opts.Process {
			return m.Load
		}
	}
	return 0
}

// share is how many of the shards each of some members should have.
func share(shards, members int) int { return (shards + members - 1) / max(1, members) }

// counts returns how many shards of a set every member has that may own some, itself
// included. A member that had shards and lost them all is most likely dead, though it
// is still announced. The caller holds the lock.
func (f *Fleet) counts(shards int) map[string]int {
	counts, owning := map[string]int{}, map[string]bool{}
	for _, h := range f.view.held {
		owning[h.Owner] = true
	}
	for _, m := range f.view.members {
		if runsShards(m) && (owning[m.ID] || m.Shards == 0) {
			counts[m.ID] = 0
		}
	}
	if !f.draining && f.runsShards() {
		counts[f.opts.Process] = 0
	}
	for key, h := range f.view.held {
		if _, ok := counts[h.Owner]; !ok || h.Owner == f.opts.Process {
			continue
		}
		if of, _, ok := parseShardKey(key); ok && of == shards {
			counts[h.Owner]++
		}
	}
	if _, ok := counts[f.opts.Process]; ok {
		for _, h := range f.held { // fresher than what the cluster told
			if h.shards == shards && !h.over.Load() {
				counts[f.opts.Process]++
			}
		}
	}
	return counts
}

// neighbour returns the member that already serves the guilds of a shard of the next
// set, "" for a shard of the present one. The caller holds the lock.
func (f *Fleet) neighbour(shards, shard int) string {
	if shards != f.layout.Next {
		return ""
	}
	return f.view.held[shardKey(f.layout.Shards, shard%f.layout.Shards)].Owner
}

// checkReady closes Ready once all shards have owners, and ours were up.
func (f *Fleet) checkReady() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for shard := range f.layout.Shards {
		key := shardKey(f.layout.Shards, shard)
		switch h := f.held[key]; {
		case h != nil && (h.up.Load() || h.connected.Load()), h == nil && f.isShut(key):
		case h != nil:
			return
		case f.view.held[key].Owner == "":
			return
		}
	}
	f.readyOnce.Do(func() { close(f.ready) })
}
