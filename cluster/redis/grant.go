package redis

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// confirmFor is how long a grant waits for a replica to have it. One that is well
// answers within a round trip.
const confirmFor = 50 * time.Millisecond

// grant runs a script that grants a lease. Where there are replicas, it waits a moment
// for one of them, so that a failover does not forget the grant. The lease is granted
// either way: its token is what protects what it protects.
func (r *Redis) grant(ctx context.Context, s script, keys []string, args ...any) (any, error) {
	if r.replicas.Load() == 0 {
		return r.run(ctx, s, keys, args...)
	}
	ctx = named(ctx, s.name)
	started := time.Now()
	home, err := r.home(ctx)
	if err != nil {
		return nil, unreachable(ctx, s.name, err)
	}
	both := home.Pipeline()
	granted := command(ctx, "evalsha", s.sha, keys, args)
	_ = both.Process(ctx, granted) // it is only queued
	confirmed := both.Do(ctx, "wait", 1, confirmFor.Milliseconds())
	_, err = both.Exec(ctx)
	if r.kind == clusterMode { // whose meter is not that of its nodes
		meter{r.opts.Metrics, &r.down}.count(ctx, s.name, started, err)
	}
	if answered(granted.Err()) {
		return r.run(ctx, s, keys, args...) // it does not know the script, or is no longer the one to ask
	}
	if n, err := confirmed.Int(); err != nil || n == 0 {
		r.opts.Metrics.alone.Inc()
	}
	return granted.Val(), unreachable(ctx, s.name, granted.Err())
}

// home returns the server that keeps the leases, as far as is known.
func (r *Redis) home(ctx context.Context) (redis.Cmdable, error) {
	if nodes, ok := r.rdb.(*redis.ClusterClient); ok {
		return nodes.MasterForKey(ctx, (*leases)(r).keys()[0])
	}
	return r.rdb, nil
}
