package redis_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

// journal is a log that several write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// metric returns the sum of a metric's series that have the label value, or of all.
func metric(t *testing.T, r prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			found := label == ""
			for _, l := range m.GetLabel() {
				found = found || l.GetValue() == label
			}
			if found {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

// TestTheBreaker opens when the server does not answer, answers at once then, and
// closes by itself; nothing that is written of it holds the password.
func TestTheBreaker(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "secret-word")
	proxy := server.Proxy()
	registry := prometheus.NewRegistry()
	var log journal
	c := open(t, redis.Options{
		URL: redis.URL("redis://:secret-word@" + proxy.Addr()), Timeout: 50 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Metrics: redis.NewMetrics(registry),
	}).Cluster()
	redistest.Eventually(t, func() error { return c.Cache.Set(t.Context(), "k", nil, 0) })
	if n := metric(t, registry, "busker_cluster_call_seconds", "cache_set"); n < 1 {
		t.Error("a call was not counted")
	}
	if metric(t, registry, "busker_cluster_call_seconds", "hello") > 0 {
		t.Error("what begins a connection is counted as a call")
	}

	proxy.Stall()
	if err := c.Cache.Set(t.Context(), "k", nil, 0); !errors.Is(err, cluster.ErrUnreachable) {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Cache.Set(gone, "k", nil, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever went away hears: %v", err)
	}
	if metric(t, registry, "busker_cluster_reachable", "") != 0 {
		t.Error("a call whose caller went away counts as answered")
	}
	redistest.Eventually(t, func() error {
		err := c.Cache.Set(t.Context(), "k", nil, 0)
		if !errors.Is(err, cluster.ErrUnreachable) || strings.Contains(err.Error(), "secret-word") {
			t.Fatalf("unreachable, and %v", err)
		}
		if !strings.Contains(err.Error(), "circuit breaker is open") {
			return err
		}
		return nil
	})
	for name, wanted := range map[string]float64{"busker_cluster_breakers_open": 1, "busker_cluster_reachable": 0} {
		if got := metric(t, registry, name, ""); got != wanted {
			t.Errorf("%s is %v, want %v", name, got, wanted)
		}
	}
	if metric(t, registry, "busker_cluster_breaker_trips_total", "") < 1 {
		t.Error("the trip was not counted")
	}
	if metric(t, registry, "busker_cluster_call_seconds", "open") < 1 || metric(t, registry, "busker_cluster_call_seconds", "lost") < 1 {
		t.Error("calls that were not answered were not counted as such")
	}

	proxy.Heal()
	redistest.Eventually(t, func() error { return c.Cache.Set(t.Context(), "k", nil, 0) })
	for name, wanted := range map[string]float64{"busker_cluster_breakers_open": 0, "busker_cluster_reachable": 1} {
		if got := metric(t, registry, name, ""); got != wanted {
			t.Errorf("%s is %v, want %v", name, got, wanted)
		}
	}
	if text := log.String(); strings.Contains(text, "secret-word") || !strings.Contains(text, `msg="redis does not answer" server=server err="`) || !strings.Contains(text, "redis answers again") {
		t.Errorf("the log says:\n%s", text)
	}
}

// TestNothingOutlivesRunAndClose starts and stops as often as it likes.
func TestNothingOutlivesRunAndClose(t *testing.T) {
	server := redistest.Start(t)
	before := goleak.IgnoreCurrent()
	for n := range 5 {
		r, err := redis.Open(t.Context(), redis.Options{URL: redis.URL(server.URL())})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		if n%2 == 0 {
			_, err = r.Cluster().Members.Members(ctx)
		}
		cancel()
		running.Wait()
		if closed := r.Close(); closed != nil || err != nil {
			t.Fatal(closed, err)
		}
		if _, err := r.Cluster().Members.Members(t.Context()); !errors.Is(err, cluster.ErrUnreachable) {
			t.Fatalf("after it was closed: %v", err)
		}
	}
	goleak.VerifyNone(t, before)
}
