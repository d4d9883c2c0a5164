package clustertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"busker/cluster"
)

func members(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	started := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	first := cluster.Member{
		ID: "b", Role: "gateway", Host: "h \"1\"", Version: "v", Started: started,
		Draining: true, Shards: 1, Guilds: 2, Players: 3, Playing: 4, Load: .5,
	}
	want(t, a.Members.Announce(t.Context(), first, ttl), nil)
	want(t, b.Members.Announce(t.Context(), cluster.Member{ID: "a", Started: started}, 10*ttl), nil)
	list := must[[]cluster.Member](t)(b.Members.Members(t.Context()))
	if len(list) != 2 || list[0].ID != "a" || list[1] != first {
		t.Fatalf("members are %+v", list)
	}
	first.Load = .75
	want(t, a.Members.Announce(t.Context(), first, ttl), nil)
	if list := must[[]cluster.Member](t)(b.Members.Members(t.Context())); len(list) != 2 || list[1] != first {
		t.Fatalf("members are %+v", list)
	}
	r.Advance(ttl + ttl/4)
	if list := must[[]cluster.Member](t)(a.Members.Members(t.Context())); len(list) != 1 || list[0].ID != "a" {
		t.Fatalf("later members are %+v", list)
	}
	want(t, a.Members.Resign(t.Context(), "a"), nil)
	want(t, a.Members.Resign(t.Context(), "nobody"), nil)
	if list := must[[]cluster.Member](t)(a.Members.Members(t.Context())); len(list) != 0 {
		t.Fatalf("who resigned is there: %+v", list)
	}
}

func claims(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	claim := func(c *cluster.Cluster, key, by string, first bool) {
		t.Helper()
		if got := must[bool](t)(c.Claims.Claim(t.Context(), key, by, ttl)); got != first {
			t.Fatalf("claiming %s by %s: first %v", key, by, got)
		}
	}
	claim(a, "1", "a", true)
	claim(b, "1", "b", false)
	claim(a, "1", "a", true)
	claim(b, "2", "b", true)
	r.Advance(ttl + ttl/4)
	claim(b, "1", "b", true)
	claim(a, "1", "a", false)
}

func limits(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	l := cluster.Limit{Every: 10 * time.Second, Burst: 3}
	for n, c := range []*cluster.Cluster{a, b, a} {
		if wait := must[time.Duration](t)(c.Limits.Take(t.Context(), "k", l)); wait != 0 {
			t.Fatalf("number %d of a burst of 3 waits %v", n+1, wait)
		}
	}
	first := must[time.Duration](t)(b.Limits.Take(t.Context(), "k", l))
	if first <= 5*time.Second || first > l.Every {
		t.Fatalf("after the burst: wait %v", first)
	}
	if again := must[time.Duration](t)(a.Limits.Take(t.Context(), "k", l)); again > first {
		t.Fatalf("who was refused made the next wait longer: %v after %v", again, first)
	}
	if wait := must[time.Duration](t)(a.Limits.Take(t.Context(), "other", l)); wait != 0 {
		t.Fatalf("another key waits %v", wait)
	}
	one := cluster.Limit{Every: ttl}
	if wait := must[time.Duration](t)(a.Limits.Take(t.Context(), "one", one)); wait != 0 {
		t.Fatalf("the first waits %v", wait)
	}
	wait := must[time.Duration](t)(a.Limits.Take(t.Context(), "one", one))
	if wait <= 0 || wait > ttl {
		t.Fatalf("the second waits %v", wait)
	}
	r.Advance(wait + time.Millisecond)
	if wait := must[time.Duration](t)(b.Limits.Take(t.Context(), "one", one)); wait != 0 {
		t.Fatalf("who waited as long as told waits %v more", wait)
	}
}

// limitsShare lets two take all they can for a while.
func limitsShare(t *testing.T, r Rig) {
	both := []*cluster.Cluster{r.Open(t), r.Open(t)}
	l := cluster.Limit{Every: 50 * time.Millisecond, Burst: 2}
	started, taken := time.Now(), 0
	for n := 0; taken < 20; n++ {
		wait := must[time.Duration](t)(both[n%2].Limits.Take(t.Context(), "k", l))
		if wait == 0 {
			taken++
			continue
		}
		r.Advance(wait + time.Millisecond)
	}
	if took := time.Since(started); took < 18*l.Every-5*time.Millisecond {
		t.Fatalf("20 of a burst of 2 and one each %v came in %v", l.Every, took)
	}
}

func health(t *testing.T, r Rig) {
	c := r.Open(t)
	if _, err := c.Health.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !c.Health.Reachable() {
		t.Fatal("it answers, and is not reachable")
	}
	if facts := must[map[string]string](t)(c.Health.Facts(t.Context())); facts["mode"] == "" || facts["version"] == "" {
		t.Fatalf("facts are %v", facts)
	}
}

// endedContext finds that nothing is done for those who went away.
func endedContext(t *testing.T, r Rig) {
	c := r.Open(t)
	g := acquire(t, c, "k", "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for n, call := range []func() error{
		func() error { _, err := c.Leases.Acquire(ctx, "l", "a", ttl); return err },
		func() error { _, err := c.Leases.Renew(ctx, ttl, g.Lease); return err },
		func() error { return c.Leases.Release(ctx, g.Lease) },
		func() error { _, err := c.Leases.Transfer(ctx, g.Lease, "b", ttl); return err },
		func() error { return c.Leases.Note(ctx, g.Lease, nil) },
		func() error { _, err := c.Leases.List(ctx, ""); return err },
		func() error { return c.Members.Announce(ctx, cluster.Member{ID: "a"}, ttl) },
		func() error { return c.Members.Resign(ctx, "a") },
		func() error { _, err := c.Members.Members(ctx); return err },
		func() error { _, err := c.Claims.Claim(ctx, "k", "a", ttl); return err },
		func() error { _, err := c.Limits.Take(ctx, "k", cluster.Limit{Every: ttl}); return err },
		func() error { _, _, err := c.Cache.Get(ctx, "k"); return err },
		func() error { return c.Cache.Set(ctx, "k", nil, ttl) },
		func() error { return c.Cache.Delete(ctx, "k") },
		func() error { _, err := c.Cache.Swap(ctx, "k", nil, nil); return err },
		func() error { _, err := c.Cache.Table(ctx, "k"); return err },
		func() error { return c.Cache.Put(ctx, "k", 1, map[string][]byte{"a": nil}, ttl) },
		func() error { return c.Cache.Drop(ctx, "k", 1) },
		func() error { _, err := c.Health.Ping(ctx); return err },
		func() error { _, err := c.Health.Facts(ctx); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", n, err)
		}
	}
	if !c.Health.Reachable() {
		t.Fatal("who went away made the cluster unreachable")
	}
	if still := renew(t, c, g.Lease); len(still) != 1 {
		t.Fatal("the lease is gone")
	}
}
