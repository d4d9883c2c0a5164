package redis

import (
	"context"
	"maps"
	"sync"

	"github.com/redis/go-redis/v9"
)

// fuse returns the fuse of a server, which is one for all connections to it.
func (r *Redis) fuse(server string) fuse {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.fuses[server]
	if !ok {
		f = newFuse(server, r.opts.Timeout, r.fused)
		r.fuses[server] = f
	}
	return f
}

// fused says that a server is not asked for a while and why, or asked again.
func (r *Redis) fused(server string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if why != nil {
		r.opened[server] = true
		r.opts.Metrics.trips.Inc()
		r.opts.Logger.Warn("redis does not answer", "server", server, "err", why)
	} else if r.opened[server] {
		delete(r.opened, server)
		r.opts.Logger.Info("redis answers again", "server", server)
	}
	r.opts.Metrics.open.Set(float64(len(r.opened)))
}

// anyOpen reports whether a server is not asked.
func (r *Redis) anyOpen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.opened) > 0
}

// forgetReplaced no longer counts servers of a cluster that others have taken over for:
// nobody asks those any more, be they back or not.
func (r *Redis) forgetReplaced(ctx context.Context, nodes *redis.ClusterClient) {
	var mu sync.Mutex // the masters come side by side
	masters := map[string]bool{}
	err := nodes.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters[node.Options().Addr] = true
		return nil
	})
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.opened, func(server string, _ bool) bool { return !masters[server] })
	r.opts.Metrics.open.Set(float64(len(r.opened)))
}
