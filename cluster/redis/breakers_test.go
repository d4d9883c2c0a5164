package redis_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"busker/cluster/redis"
	"busker/cluster/redistest"

	"github.com/prometheus/client_golang/prometheus"
)

// TestALostNodeIsNotWaitedFor: once another has taken over, nobody is told of it any more,
// also when it comes back and is asked nothing.
func TestALostNodeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	nodes := redistest.StartCluster(t)
	registry := prometheus.NewRegistry()
	r := open(t, redis.Options{URL: redis.URL(nodes.URL()), Timeout: 200 * time.Millisecond, Metrics: redis.NewMetrics(registry)})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = r.Run(ctx) })
	c := r.Cluster()
	redistest.Eventually(t, func() error { return c.Cache.Set(ctx, "k", nil, 0) })
	lost := nodes.Of("busker:cache:k")
	lost.Kill()
	redistest.Eventually(t, func() error {
		_ = c.Cache.Set(ctx, "k", nil, 0)
		if metric(t, registry, "busker_cluster_breaker_trips_total", "") == 0 {
			return fmt.Errorf("nobody noticed")
		}
		return nil
	})
	nodes.Settled()
	redistest.Eventually(t, func() error { return c.Cache.Set(ctx, "k", nil, 0) })
	none := func() error {
		if n := metric(t, registry, "busker_cluster_breakers_open", ""); n != 0 {
			return fmt.Errorf("%v servers are not asked", n)
		}
		return nil
	}
	redistest.Eventually(t, none)
	lost.Restart()
	redistest.Eventually(t, func() error { return c.Cache.Set(ctx, "k", nil, 0) })
	redistest.Eventually(t, none)
}
