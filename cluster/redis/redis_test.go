package redis_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/clustertest"
	"busker/cluster/redis"
	"busker/cluster/redistest"
	"busker/internal/fault"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "16") // servers wait, not processors
	flag.Parse()
	m.Run()
}

// open opens a way to Redis that is closed with the test.
func open(t testing.TB, opts redis.Options) *redis.Redis {
	t.Helper()
	r, err := redis.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// conform runs the suite on the Redis at url, every test in a namespace of its own.
func conform(t *testing.T, url string) {
	t.Helper()
	clustertest.Run(t, func(t *testing.T, test func(*testing.T, clustertest.Rig)) {
		t.Parallel() // they mostly wait for what expires
		space := redistest.Namespace()
		test(t, clustertest.Rig{
			Open: func(t *testing.T) *cluster.Cluster {
				return open(t, redis.Options{URL: redis.URL(url), Namespace: space, Timeout: 5 * time.Second}).Cluster()
			},
			Advance: func(d time.Duration) { <-time.After(d) },
		})
	})
}

func TestASingleServerKeepsTheContracts(t *testing.T) {
	t.Parallel()
	conform(t, redistest.Start(t).URL())
}

func TestAClusterKeepsTheContracts(t *testing.T) {
	t.Parallel()
	conform(t, redistest.StartCluster(t).URL())
}

func TestAMasterBehindSentinelsKeepsTheContracts(t *testing.T) {
	t.Parallel()
	conform(t, redistest.StartSentinel(t).URL())
}

// denied finds that err is a refusal that holds no password.
func denied(t *testing.T, err error) {
	t.Helper()
	if fault.KindOf(err) != fault.Denied || strings.Contains(err.Error(), "secret") {
		t.Fatal(err)
	}
}
