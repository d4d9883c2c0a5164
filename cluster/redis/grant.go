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
	home, err := r.home(ctx)
	if err != nil {
		return nil, unreachable(ctx, s.name, err)
	}
	answer, err := r.confirmed(ctx, home, command(ctx, "evalsha", s.sha, keys, args))
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		answer, err = r.confirmed(ctx, home, command(ctx, "eval", s.source, keys, args))
	}
	if answered(err) {
		return r.run(ctx, s, keys, args...) // it is no longer the one to ask
	}
	return answer, unreachable(ctx, s.name, err)
}

// confirmed asks home to do what is asked, and to wait until a replica has it.
func (r *Redis) confirmed(ctx context.Context, home redis.Cmdable, asked *redis.Cmd) (any, error) {
	started := time.Now()
	both := home.Pipeline()
	_ = both.Process(ctx, asked) // it is only queued
	confirmed := both.Do(ctx, "wait", 1, confirmFor.Milliseconds())
	_, err := both.Exec(ctx)
	if r.kind == clusterMode { // whose meter is not that of its nodes
		name, _ := ctx.Value(nameKey{}).(string)
		r.meter().count(ctx, name, started, err)
	}
	if n, err := confirmed.Int(); asked.Err() == nil && (err != nil || n == 0) {
		r.opts.Metrics.alone.Inc()
	}
	return asked.Val(), asked.Err()
}

// home returns the server that keeps the leases, as far as is known.
func (r *Redis) home(ctx context.Context) (redis.Cmdable, error) {
	if nodes, ok := r.vital.(*redis.ClusterClient); ok {
		return nodes.MasterForKey(ctx, (*leases)(r).keys()[0])
	}
	return r.vital, nil
}
