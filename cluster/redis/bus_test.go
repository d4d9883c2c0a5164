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
	r, err := redis.Open(t.Context(), redis.Options{URL: redis.URL(url), Namespace: space, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
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

func TestBusOnASingleServer(t *testing.T) {
	clustertest.TestBus(t, busOn(redistest.Start(t).URL()))
}
