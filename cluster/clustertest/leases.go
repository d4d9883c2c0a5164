package clustertest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/cluster"
)

// ttl is how long leases live here: long enough for a busy machine, and what Advance
// must get over.
const ttl = 2 * time.Second

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func want(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Fatalf("%v, want %v", err, wanted)
	}
}

func acquire(t *testing.T, c *cluster.Cluster, key, owner string) cluster.Grant {
	t.Helper()
	g := must[cluster.Grant](t)(c.Leases.Acquire(t.Context(), key, owner, ttl))
	if g.Key != key || g.Owner != owner || g.Token == 0 || g.Token >= 1<<53 {
		t.Fatalf("granted %+v to %s of %s", g.Lease, key, owner)
	}
	return g
}

func refused(t *testing.T, c *cluster.Cluster, key, owner string) {
	t.Helper()
	if g, err := c.Leases.Acquire(t.Context(), key, owner, ttl); !errors.Is(err, cluster.ErrHeld) {
		t.Fatalf("%s got %+v, %v: it is held", owner, g, err)
	}
}

func renew(t *testing.T, c *cluster.Cluster, leases ...cluster.Lease) []cluster.Lease {
	t.Helper()
	return must[[]cluster.Lease](t)(c.Leases.Renew(t.Context(), ttl, leases...))
}

func leaseIsOneOwners(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	first := acquire(t, a, "shard/1/0", "a")
	refused(t, b, "shard/1/0", "b")
	if again := acquire(t, a, "shard/1/0", "a"); again.Token != first.Token {
		t.Fatalf("one's own lease got token %d after %d", again.Token, first.Token)
	}
	other := acquire(t, b, "shard/1/1", "b")
	if other.Token <= first.Token {
		t.Fatalf("a later grant got token %d after %d", other.Token, first.Token)
	}
}

func leaseExpires(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	first := acquire(t, a, "k", "a")
	r.Advance(ttl + ttl/4)
	if first.Trusted() {
		t.Fatal("an expired lease is trusted")
	}
	second := acquire(t, b, "k", "b")
	if second.Token <= first.Token {
		t.Fatalf("the next owner got token %d after %d", second.Token, first.Token)
	}
	if still := renew(t, a, first.Lease); len(still) != 0 {
		t.Fatalf("the first owner still has %+v", still)
	}
	refused(t, a, "k", "a")

	r.Advance(ttl + ttl/4)
	third := acquire(t, b, "k", "b")
	if third.Token <= second.Token {
		t.Fatal("what had expired was granted again with its old token")
	}
}

func expiredLeaseComesBack(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	first := acquire(t, a, "k", "a")
	r.Advance(ttl + ttl/4)
	still := renew(t, a, first.Lease)
	if len(still) != 1 || still[0].Token != first.Token || !still[0].Trusted() {
		t.Fatalf("what nobody else took did not come back: %+v", still)
	}
	refused(t, b, "k", "b")
}

func releasedLease(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	first := acquire(t, a, "k", "a")
	want(t, a.Leases.Release(t.Context(), first.Lease), nil)
	if still := renew(t, a, first.Lease); len(still) != 0 {
		t.Fatal("a released lease was renewed")
	}
	want(t, a.Leases.Note(t.Context(), first.Lease, []byte("late")), cluster.ErrLost)
	second := acquire(t, b, "k", "b")
	if second.Token <= first.Token || second.Note != nil {
		t.Fatalf("granted %+v after %d", second, first.Token)
	}
	want(t, a.Leases.Release(t.Context(), first.Lease), nil)
	if still := renew(t, b, second.Lease); len(still) != 1 {
		t.Fatal("who released late released another's lease")
	}
	want(t, a.Leases.Release(t.Context(), cluster.Lease{Key: "never", Owner: "a", Token: second.Token}), nil)
}

func transferredLease(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	first := acquire(t, a, "k", "a")
	want(t, a.Leases.Note(t.Context(), first.Lease, []byte("session")), nil)
	held := must[cluster.Held](t)(a.Leases.Transfer(t.Context(), first.Lease, "b", ttl))
	if held.Key != "k" || held.Owner != "b" || held.Token <= first.Token || string(held.Note) != "session" || held.Left <= 0 || held.Left > ttl {
		t.Fatalf("transferred %+v", held)
	}
	if !held.TrustedUntil.IsZero() {
		t.Fatal("another's lease is trusted")
	}
	again := must[cluster.Held](t)(a.Leases.Transfer(t.Context(), first.Lease, "b", ttl))
	if again.Token != held.Token {
		t.Fatalf("asked again, the transfer got token %d, not %d", again.Token, held.Token)
	}
	_, err := a.Leases.Transfer(t.Context(), first.Lease, "c", ttl)
	want(t, err, cluster.ErrLost)
	want(t, a.Leases.Note(t.Context(), first.Lease, nil), cluster.ErrLost)
	if still := renew(t, a, first.Lease); len(still) != 0 {
		t.Fatal("a transferred lease was renewed by its first owner")
	}
	if still := renew(t, b, held.Lease); len(still) != 1 || !still[0].Trusted() {
		t.Fatalf("the new owner has %+v", still)
	}
	if g := acquire(t, b, "k", "b"); g.Token != held.Token || string(g.Note) != "session" {
		t.Fatalf("the new owner acquired %+v", g)
	}
	_, err = a.Leases.Transfer(t.Context(), cluster.Lease{Key: "never", Owner: "a", Token: first.Token}, "b", ttl)
	want(t, err, cluster.ErrLost)
}

func notes(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	first := acquire(t, a, "k", "a")
	if first.Note != nil {
		t.Fatalf("a new lease has the note %q", first.Note)
	}
	binary := []byte("\x00\xff \r\n{}\"")
	want(t, a.Leases.Note(t.Context(), first.Lease, []byte("older")), nil)
	want(t, a.Leases.Note(t.Context(), first.Lease, binary), nil)
	r.Advance(ttl + ttl/4)
	second := acquire(t, b, "k", "b")
	if string(second.Note) != string(binary) {
		t.Fatalf("the next owner found %q", second.Note)
	}
	want(t, a.Leases.Note(t.Context(), first.Lease, []byte("late")), cluster.ErrLost)
	want(t, b.Leases.Release(t.Context(), second.Lease), nil)
	if third := acquire(t, a, "k", "a"); string(third.Note) != string(binary) {
		t.Fatalf("after a release the next owner found %q", third.Note)
	}
}

func renewingMany(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	mine := make([]cluster.Lease, 0, 64)
	for n := range 64 {
		mine = append(mine, acquire(t, a, fmt.Sprintf("shard/64/%d", n), "a").Lease)
	}
	theirs := acquire(t, b, "other", "b").Lease
	want(t, a.Leases.Release(t.Context(), mine[7]), nil)
	forged := mine[8]
	forged.Token--
	asked := slices.Clone(mine)
	asked[8] = forged
	asked = append(asked, cluster.Lease{Key: theirs.Key, Owner: "a", Token: theirs.Token})
	still := renew(t, a, asked...)
	if len(still) != 62 {
		t.Fatalf("%d of 64 leases are left, want 62", len(still))
	}
	for _, l := range still {
		if !l.Trusted() || l.Key == mine[7].Key || l.Key == mine[8].Key {
			t.Fatalf("still %+v", l)
		}
	}
	if got := renew(t, a); len(got) != 0 {
		t.Fatalf("renewing nothing returned %v", got)
	}
}

func list(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	ten := acquire(t, a, "shard/16/10", "process a, 1") // owners may hold spaces
	acquire(t, a, "shard/16/9", "process a, 1")
	two := acquire(t, b, "shard/16/2", "b")
	acquire(t, b, "layout", "b")
	gone := acquire(t, b, "shard/16/3", "b")
	want(t, b.Leases.Release(t.Context(), gone.Lease), nil)
	want(t, a.Leases.Note(t.Context(), ten.Lease, []byte("n")), nil)

	held := must[[]cluster.Held](t)(b.Leases.List(t.Context(), "shard/16/"))
	keys := make([]string, 0, len(held))
	for _, h := range held {
		keys = append(keys, h.Key)
		if h.Left <= 0 || h.Left > ttl || h.Trusted() {
			t.Fatalf("listed %+v", h)
		}
	}
	if !slices.Equal(keys, []string{"shard/16/10", "shard/16/2", "shard/16/9"}) {
		t.Fatalf("listed %v", keys)
	}
	if held[0].Owner != "process a, 1" || held[0].Token != ten.Token || string(held[0].Note) != "n" || held[1].Token != two.Token || held[1].Note != nil {
		t.Fatalf("listed %+v", held)
	}
	if all := must[[]cluster.Held](t)(b.Leases.List(t.Context(), "")); len(all) != 4 {
		t.Fatalf("%d leases in all", len(all))
	}
	r.Advance(ttl + ttl/4)
	if held := must[[]cluster.Held](t)(b.Leases.List(t.Context(), "shard/")); len(held) != 0 {
		t.Fatalf("expired leases are listed: %+v", held)
	}
}

func tokensGrow(t *testing.T, r Rig) {
	a, b := r.Open(t), r.Open(t)
	var last uint64
	for n := range 20 {
		c, owner := a, "a"
		if n%2 == 1 {
			c, owner = b, "b"
		}
		g := acquire(t, c, fmt.Sprintf("k%d", n%3), owner)
		if g.Token <= last {
			t.Fatalf("grant %d got token %d after %d", n, g.Token, last)
		}
		last = g.Token
		want(t, c.Leases.Release(t.Context(), g.Lease), nil)
	}
}

func trustEnds(t *testing.T, r Rig) {
	a := r.Open(t)
	before := time.Now()
	g := acquire(t, a, "k", "a")
	after := time.Now()
	margin := min(cluster.Margin, ttl/6)
	if g.TrustedUntil.Before(before.Add(ttl-margin)) || g.TrustedUntil.After(after.Add(ttl-margin)) {
		t.Fatalf("trusted until %v after %v", g.TrustedUntil, before)
	}
	r.Advance(ttl)
	if g.Trusted() {
		t.Fatal("a lease is trusted as long as it lives")
	}
}

// contenders fight for one lease; nobody has it beside another.
func contenders(t *testing.T, r Rig) {
	const many, rounds = 8, 25
	var inside atomic.Int32
	var tokens sync.Map
	var all sync.WaitGroup
	for n := range many {
		c := r.Open(t)
		owner := fmt.Sprint("owner ", n)
		all.Go(func() {
			for round := 0; round < rounds; {
				g, err := c.Leases.Acquire(t.Context(), "k", owner, time.Minute)
				if errors.Is(err, cluster.ErrHeld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two have the lease")
				}
				if _, twice := tokens.LoadOrStore(g.Token, owner); twice {
					t.Error("a token was granted twice")
				}
				inside.Add(-1)
				if err := c.Leases.Release(t.Context(), g.Lease); err != nil {
					t.Error(err)
					return
				}
				round++
			}
		})
	}
	all.Wait()
}
