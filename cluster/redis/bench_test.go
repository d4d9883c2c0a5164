package redis_test

import (
	"fmt"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
)

func BenchmarkLeases(b *testing.B) {
	b.Run("alone", func(b *testing.B) { benchmark(b, redistest.Start(b).URL()) })
	b.Run("with a replica", func(b *testing.B) { benchmark(b, redistest.StartSentinel(b).URL()) })
}

func benchmark(b *testing.B, url string) {
	c := open(b, redis.Options{URL: redis.URL(url)}).Cluster()
	grant := func(key string) cluster.Lease {
		g, err := c.Leases.Acquire(b.Context(), key, "a", time.Hour)
		if err != nil {
			b.Fatal(err)
		}
		return g.Lease
	}
	var mine []cluster.Lease
	for n := range 64 {
		mine = append(mine, grant(fmt.Sprint("shard/64/", n)))
	}
	b.Run("renew 64", func(b *testing.B) {
		for b.Loop() {
			if still, err := c.Leases.Renew(b.Context(), time.Hour, mine...); err != nil || len(still) != 64 {
				b.Fatal(still, err)
			}
		}
	})
	b.Run("acquire and release", func(b *testing.B) {
		for b.Loop() {
			if err := c.Leases.Release(b.Context(), grant("k")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("acquire own", func(b *testing.B) {
		for b.Loop() {
			grant("shard/64/0")
		}
	})
	b.Run("list 64", func(b *testing.B) {
		for b.Loop() {
			if held, err := c.Leases.List(b.Context(), "shard/64/"); err != nil || len(held) != 64 {
				b.Fatal(held, err)
			}
		}
	})
}
