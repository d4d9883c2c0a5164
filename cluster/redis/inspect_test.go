package redis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/cluster/redis"
	"busker/cluster/redistest"
	"busker/internal/fault"
)

var errNothingSaid = errors.New("nothing is said")

// TestServersThatWillNotDo reads what an operator is told about them.
func TestServersThatWillNotDo(t *testing.T) {
	t.Parallel()
	server, nodes := redistest.Start(t), redistest.StartCluster(t)
	server.Do("ACL", "SETUSER", "little", "on", ">pw", "~*", "+@all", "-info")
	node, _, _ := strings.Cut(strings.TrimPrefix(nodes.URL(), "redis+cluster://"), ",")
	for _, tt := range []struct {
		name, url, want string
		kind            fault.Kind
	}{
		{"a node of a cluster as a single server", "redis://" + node, "redis+cluster://", fault.Unsupported},
		{"a single server as a cluster", "redis+cluster://" + server.Addr(), "no Redis Cluster", fault.Unsupported},
		{"a user that may not do all", "redis://little:pw@" + server.Addr(), "may not do", fault.Denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			r, err := redis.Open(ctx, redis.Options{URL: redis.URL(tt.url), Timeout: 5 * time.Second})
			if err == nil {
				_ = r.Close()
				t.Fatal("it is opened")
			}
			told, _ := fault.Message(err)
			if fault.KindOf(err) != tt.kind || !strings.Contains(told, tt.want) {
				t.Errorf("told %q (%v)", told, err)
			}
		})
	}
}

// TestAReplicaIsNoticed opens a server that takes no writes, at the start and later.
func TestAReplicaIsNoticed(t *testing.T) {
	t.Parallel()
	master, replica := redistest.Start(t), redistest.Start(t)
	host, port, _ := strings.Cut(master.Addr(), ":")
	replica.Do("REPLICAOF", host, port)
	var log journal
	open(t, redis.Options{URL: redis.URL(replica.URL()), Timeout: 5 * time.Second, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "replica") {
		t.Errorf("the log says %q", log.String())
	}
}

// TestAServerThatComesLateIsLookedAt starts one after Open.
func TestAServerThatComesLateIsLookedAt(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Config("maxmemory-policy", "allkeys-lru")
	proxy := server.Proxy()
	proxy.Cut()
	var log journal
	r := open(t, redis.Options{URL: redis.URL(proxy.URL()), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = r.Run(ctx) })
	proxy.Heal()
	redistest.Eventually(t, func() error {
		if !strings.Contains(log.String(), "noeviction") {
			return fmt.Errorf("%w: %s", errNothingSaid, log.String())
		}
		return nil
	})
}

// TestNoURLPrintsAPassword finds none in those that are wrong either.
func TestNoURLPrintsAPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []redis.URL{
		"redis://:sec/ret@host", "redis://user:sec?ret@host:1", "redis://:sec#ret@host", "redis://host/sec@ret", "rediss://a:sec@@host/x",
	} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "url", url)
		_, err := redis.Open(t.Context(), redis.Options{URL: url})
		for _, text := range []string{url.String(), log.String(), err.Error()} {
			if strings.Contains(text, "sec") || strings.Contains(text, "ret@") {
				t.Errorf("%q is told", text)
			}
		}
	}
}
