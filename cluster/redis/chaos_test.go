package redis_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
)

// calls are all calls there are, for an owner of lease.
func calls(c *cluster.Cluster, lease cluster.Lease) map[string]func(context.Context) error {
	const ttl = 5 * time.Second
	return map[string]func(context.Context) error{
		"acquire":  func(ctx context.Context) error { _, err := c.Leases.Acquire(ctx, "other", "a", ttl); return err },
		"renew":    func(ctx context.Context) error { _, err := c.Leases.Renew(ctx, ttl, lease); return err },
		"note":     func(ctx context.Context) error { return c.Leases.Note(ctx, lease, []byte("n")) },
		"list":     func(ctx context.Context) error { _, err := c.Leases.List(ctx, ""); return err },
		"announce": func(ctx context.Context) error { return c.Members.Announce(ctx, cluster.Member{ID: "a"}, ttl) },
		"resign":   func(ctx context.Context) error { return c.Members.Resign(ctx, "b") },
		"members":  func(ctx context.Context) error { _, err := c.Members.Members(ctx); return err },
		"claim":    func(ctx context.Context) error { _, err := c.Claims.Claim(ctx, "k", "a", ttl); return err },
		"take": func(ctx context.Context) error {
			_, err := c.Limits.Take(ctx, "k", cluster.Limit{Every: time.Second})
			return err
		},
		"get":    func(ctx context.Context) error { _, _, err := c.Cache.Get(ctx, "k"); return err },
		"set":    func(ctx context.Context) error { return c.Cache.Set(ctx, "k", nil, ttl) },
		"delete": func(ctx context.Context) error { return c.Cache.Delete(ctx, "k") },
		"swap":   func(ctx context.Context) error { _, err := c.Cache.Swap(ctx, "k", nil, nil); return err },
		"table":  func(ctx context.Context) error { _, err := c.Cache.Table(ctx, "t"); return err },
		"put":    func(ctx context.Context) error { return c.Cache.Put(ctx, "t", 1, map[string][]byte{"a": {}}, ttl) },
		"drop":   func(ctx context.Context) error { return c.Cache.Drop(ctx, "t", 1) },
		"ping":   func(ctx context.Context) error { _, err := c.Health.Ping(ctx); return err },
		"facts":  func(ctx context.Context) error { _, err := c.Health.Facts(ctx); return err },
	}
}

// try makes one call with a deadline as callers have.
func try(t *testing.T, call func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return call(ctx)
}

// recovered waits until every call works again, without anybody having been restarted.
func recovered(t *testing.T, c *cluster.Cluster, lease cluster.Lease) {
	t.Helper()
	for name, call := range calls(c, lease) {
		redistest.Eventually(t, func() error {
			if err := try(t, call); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	if !c.Health.Reachable() {
		t.Fatal("it works, and is not reachable")
	}
	still, err := c.Leases.Renew(t.Context(), 5*time.Second, lease)
	if err != nil || len(still) != 1 {
		t.Fatalf("the lease did not survive: %v, %v", still, err)
	}
}

func TestWhateverHappensToAServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		break_, fix func(*redistest.Server, *redistest.Proxy)
	}{
		{"cut", func(_ *redistest.Server, p *redistest.Proxy) { p.Cut() }, func(_ *redistest.Server, p *redistest.Proxy) { p.Heal() }},
		{"stalled", func(_ *redistest.Server, p *redistest.Proxy) { p.Stall() }, func(_ *redistest.Server, p *redistest.Proxy) { p.Heal() }},
		{"5 s away", func(_ *redistest.Server, p *redistest.Proxy) { p.Latency(5 * time.Second) }, func(_ *redistest.Server, p *redistest.Proxy) { p.Heal() }},
		{"paused", func(s *redistest.Server, _ *redistest.Proxy) { s.Pause() }, func(s *redistest.Server, _ *redistest.Proxy) { s.Continue() }},
		{"killed", func(s *redistest.Server, _ *redistest.Proxy) { s.Kill() }, func(s *redistest.Server, _ *redistest.Proxy) { s.Restart() }},
		{"stopped", func(s *redistest.Server, _ *redistest.Proxy) { s.Stop() }, func(s *redistest.Server, _ *redistest.Proxy) { s.Restart() }},
		{"killed and wiped", func(s *redistest.Server, _ *redistest.Proxy) { s.Kill(); s.Wipe() }, func(s *redistest.Server, _ *redistest.Proxy) { s.Restart() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			proxy := server.Proxy()
			c := open(t, redis.Options{URL: redis.URL(proxy.URL())}).Cluster()
			g, err := c.Leases.Acquire(t.Context(), "mine", "a", 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			tt.break_(server, proxy)
			for name, call := range calls(c, g.Lease) {
				if err := try(t, call); !errors.Is(err, cluster.ErrUnreachable) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if c.Health.Reachable() {
				t.Error("it does not answer, and is reachable")
			}
			tt.fix(server, proxy)
			recovered(t, c, g.Lease)
			later, err := c.Leases.Acquire(t.Context(), "later", "a", time.Second)
			if err != nil || later.Token <= g.Token {
				t.Fatalf("granted %d after %d, %v", later.Token, g.Token, err)
			}
		})
	}
}

// TestFullMemory finds that owners keep what they own, and nobody takes anything new.
func TestFullMemory(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c := open(t, redis.Options{URL: redis.URL(server.URL())}).Cluster()
	g, err := c.Leases.Acquire(t.Context(), "mine", "a", 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	server.Fill()
	refused := map[string]bool{"acquire": true, "claim": true, "take": true, "set": true, "put": true}
	for range 3 { // no breaker opens because of it
		for name, call := range calls(c, g.Lease) {
			err := try(t, call)
			if refused[name] && !errors.Is(err, cluster.ErrUnreachable) || !refused[name] && name != "swap" && name != "drop" && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if !c.Health.Reachable() {
		t.Error("it answers, and is not reachable")
	}
	server.Empty()
	recovered(t, c, g.Lease)
}

// TestAServerThatForgotEverything gives back what was owned, and nothing of it to
// others who come first.
func TestAServerThatForgotEverything(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	a := open(t, redis.Options{URL: redis.URL(server.URL())}).Cluster()
	b := open(t, redis.Options{URL: redis.URL(server.URL())}).Cluster()
	const ttl = 5 * time.Second
	older, err := a.Leases.Acquire(t.Context(), "shard", "a", ttl)
	if err != nil {
		t.Fatal(err)
	}
	newer, err := a.Leases.Transfer(t.Context(), older.Lease, "a2", ttl)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Leases.List(t.Context(), ""); err != nil { // b has seen what there is
		t.Fatal(err)
	}
	server.Kill()
	server.Wipe()
	server.Restart()

	redistest.Eventually(t, func() error { _, err := b.Health.Ping(t.Context()); return err })
	if g, err := b.Leases.Acquire(t.Context(), "shard", "b", ttl); !errors.Is(err, cluster.ErrHeld) {
		t.Fatalf("another got %+v, %v", g, err)
	}
	redistest.Eventually(t, func() error { _, err := a.Health.Ping(t.Context()); return err })
	for _, l := range []cluster.Lease{older.Lease, newer.Lease} { // the older one comes first
		if still, err := a.Leases.Renew(t.Context(), ttl, l); err != nil || len(still) != 1 {
			t.Fatalf("it did not get its lease back: %v, %v", still, err)
		}
	}
	if still, err := a.Leases.Renew(t.Context(), ttl, older.Lease); err != nil || len(still) != 0 {
		t.Fatalf("the older grant has %v beside the newer one, %v", still, err)
	}
	redistest.Eventually(t, func() error { _, err := b.Leases.Acquire(t.Context(), "new", "b", ttl); return err })
	if g, err := b.Leases.Acquire(t.Context(), "new", "b", ttl); err != nil || g.Token <= newer.Token {
		t.Fatalf("granted %d after %d, %v", g.Token, newer.Token, err)
	}
}

// TestAWrongPassword is found out at the start, and not told.
func TestAWrongPassword(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "right-secret")
	open(t, redis.Options{URL: redis.URL("redis://:right-secret@" + server.Addr())})
	for _, url := range []redis.URL{redis.URL("redis://:wrong-secret@" + server.Addr()), redis.URL(server.URL())} {
		r, err := redis.Open(t.Context(), redis.Options{URL: url})
		if err == nil {
			r.Close()
			t.Fatal("a wrong password opened it")
		}
		denied(t, err)
	}
}

// TestAServerThatIsNotThereYet is waited for.
func TestAServerThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Kill()
	c := open(t, redis.Options{URL: redis.URL(server.URL())}).Cluster()
	if c.Health.Reachable() {
		t.Fatal("it is not there, and reachable")
	}
	server.Restart()
	redistest.Eventually(t, func() error { _, err := c.Members.Members(t.Context()); return err })
}
