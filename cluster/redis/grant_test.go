package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"busker/cluster/redis"
	"busker/cluster/redistest"

	"github.com/prometheus/client_golang/prometheus"
)

// TestAGrantWaitsForAReplica finds a grant on the replica as soon as it is answered,
// and that a replica that is stuck does not keep anybody from being granted one.
func TestAGrantWaitsForAReplica(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	host, port, _ := strings.Cut(master.Addr(), ":")
	replica := redistest.Start(t, "--replicaof", host, port)
	redistest.Eventually(t, func() error {
		if info := fmt.Sprint(master.Do("INFO", "replication")); !strings.Contains(info, "state=online") {
			return fmt.Errorf("no replica: %s", info)
		}
		return nil
	})
	registry := prometheus.NewRegistry()
	c := open(t, redis.Options{URL: redis.URL(master.URL()), Metrics: redis.NewMetrics(registry)}).Cluster()
	const alone = "busker_cluster_unreplicated_grants_total"
	for n := range 20 {
		before := metric(t, registry, alone, "")
		g, err := c.Leases.Acquire(t.Context(), fmt.Sprint("k", n), "a", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		known, _ := replica.Try("GET", "{busker:leases}:token")
		if known != fmt.Sprint(g.Token) && metric(t, registry, alone, "") == before {
			t.Fatalf("grant %d was confirmed, and the replica does not know it", n)
		}
	}
	replica.Pause()
	defer replica.Continue()
	before := metric(t, registry, alone, "")
	if _, err := c.Leases.Acquire(t.Context(), "alone", "a", time.Minute); err != nil {
		t.Fatal(err)
	}
	if metric(t, registry, alone, "") != before+1 {
		t.Fatal("a grant no replica has was not counted")
	}
}
