package redis_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"busker/cluster/clustertest"
	"busker/cluster/redis"
	"busker/cluster/redistest"
)

// busOn begins processes that use the Redis at url, in a namespace of their own.
func busOn(url string) clustertest.Bus {
	return func(t testing.TB) func() clustertest.Process {
		space := redistest.Namespace()
		return func() clustertest.Process { return process(t, url, space) }
	}
}

// process begins one. It ends with the test.
func process(t testing.TB, url, space string) clustertest.Process {
	t.Helper()
	return run(t, open(t, redis.Options{URL: redis.URL(url), Namespace: space, Timeout: 5 * time.Second}))
}

// run runs r until the test ends, or it is killed.
func run(t testing.TB, r *redis.Redis) clustertest.Process {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = r.Run(ctx) })
	kill := sync.OnceFunc(func() {
		_ = r.Close() // first: nothing is said any more
		cancel()
	})
	t.Cleanup(func() { kill(); group.Wait() })
	return clustertest.Process{Bus: r.Cluster().Bus, Kill: kill}
}

func TestBusOutlastsDeaths(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	clustertest.TestBusDeaths(t, func(t testing.TB) func() clustertest.Process {
		space := redistest.Namespace()
		return func() clustertest.Process {
			way := server.Proxy()
			r := open(t, redis.Options{URL: redis.URL(way.URL()), Namespace: space, Timeout: 5 * time.Second})
			redis.Hurry(r)
			p := run(t, r)
			p.Cut = func() { way.Cut(); way.Heal() }
			return p
		}
	})
}

func TestBusOnASingleServer(t *testing.T) {
	t.Parallel()
	clustertest.TestBus(t, busOn(redistest.Start(t).URL()))
}
