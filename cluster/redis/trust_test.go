package redis_test

import (
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
)

// TestTrustBeginsWhenItWasAskedFor lets answers take their time: the server's time
// begins before they arrive.
func TestTrustBeginsWhenItWasAskedFor(t *testing.T) {
	t.Parallel()
	proxy := redistest.Start(t).Proxy()
	const latency, ttl = 300 * time.Millisecond, 30 * time.Second
	c := open(t, redis.Options{URL: redis.URL(proxy.URL()), Timeout: 20 * time.Second, Margin: time.Second}).Cluster()
	proxy.Latency(latency)
	check := func(l cluster.Lease) {
		t.Helper()
		if latest := time.Now().Add(ttl - time.Second - latency); l.TrustedUntil.After(latest) {
			t.Fatalf("trusted %v too long", l.TrustedUntil.Sub(latest))
		}
	}
	g, err := c.Leases.Acquire(t.Context(), "k", "a", ttl)
	if err != nil {
		t.Fatal(err)
	}
	check(g.Lease)
	still, err := c.Leases.Renew(t.Context(), ttl, g.Lease)
	if err != nil || len(still) != 1 {
		t.Fatal(still, err)
	}
	check(still[0])
}

// TestAnAnswerThatIsLost finds that what may have happened can be asked for again.
func TestAnAnswerThatIsLost(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := server.Proxy()
	slow := open(t, redis.Options{URL: redis.URL(proxy.URL()), Timeout: 200 * time.Millisecond}).Cluster()
	c := open(t, redis.Options{URL: redis.URL(server.URL())}).Cluster()
	g, err := c.Leases.Acquire(t.Context(), "k", "a", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Latency(5 * time.Second) // commands arrive, answers do not in time
	_, _ = slow.Claims.Claim(t.Context(), "k", "a", time.Minute)
	if held, err := slow.Leases.Transfer(t.Context(), g.Lease, "b", time.Minute); err == nil {
		t.Fatalf("answered after all: %+v", held)
	}
	held, err := c.Leases.Transfer(t.Context(), g.Lease, "b", time.Minute)
	if err != nil || held.Owner != "b" {
		t.Fatalf("the transfer cannot be asked for again: %+v, %v", held, err)
	}
	if first, err := c.Claims.Claim(t.Context(), "k", "a", time.Minute); err != nil || !first {
		t.Fatalf("the claim is lost to its own first attempt: %v", err)
	}
}
