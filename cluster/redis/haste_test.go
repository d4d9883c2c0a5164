package redis_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"busker/cluster/redis"
	"busker/cluster/redistest"
)

// TestHasteIsNotTheServersFault finds that callers who give an answer no time to come stop
// nobody else from asking.
func TestHasteIsNotTheServersFault(t *testing.T) {
	t.Parallel()
	proxy := redistest.Start(t).Proxy()
	c := open(t, redis.Options{URL: redis.URL(proxy.URL()), Timeout: 5 * time.Second}).Cluster()
	if _, err := c.Health.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.Latency(100 * time.Millisecond)
	for range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, _, err := c.Cache.Get(ctx, "k"); err == nil {
			t.Error("answered in no time")
		}
		cancel()
	}
	if !c.Health.Reachable() {
		t.Error("the server counts as away because callers did not wait")
	}
	if _, _, err := c.Cache.Get(t.Context(), "k"); err != nil {
		t.Errorf("who waits hears: %v", err)
	}
}

// TestLeasesDoNotWaitForOthers has more calls under way than there are connections, and
// finds that leases and members are renewed nevertheless.
func TestLeasesDoNotWaitForOthers(t *testing.T) {
	t.Parallel()
	proxy := redistest.Start(t).Proxy()
	c := open(t, redis.Options{URL: redis.URL(proxy.URL()), Connections: 2, Timeout: 2 * time.Second}).Cluster()
	g, err := c.Leases.Acquire(t.Context(), "k", "a", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Latency(150 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	defer busy.Wait()
	defer cancel()
	for range 60 {
		busy.Go(func() {
			for ctx.Err() == nil {
				_, _, _ = c.Cache.Get(ctx, "k")
			}
		})
	}
	for range 5 {
		call, done := context.WithTimeout(t.Context(), 5*time.Second)
		if still, err := c.Leases.Renew(call, time.Minute, g.Lease); err != nil || len(still) != 1 {
			t.Errorf("the lease is not renewed: %v", err)
		}
		if _, err := c.Members.Members(call); err != nil {
			t.Errorf("nobody knows who is there: %v", err)
		}
		done()
	}
	if !c.Health.Reachable() {
		t.Error("the server counts as away because there are too few connections")
	}
}
