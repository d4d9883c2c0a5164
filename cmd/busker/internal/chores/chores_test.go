package chores_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"busker/cluster"
	"busker/cmd/busker/internal/chores"
	"busker/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hand is one process that would do the work.
type hand struct {
	busy  atomic.Bool // does it
	times atomic.Int32
	stop  func() error
}

func hire(t *testing.T, c *cluster.Cluster, name string, worker bool) *hand {
	t.Helper()
	h := &hand{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- chores.Run(ctx, "sweep", chores.Options{Cluster: c, Owner: name, Worker: worker, TTL: 30 * time.Second}, func(ctx context.Context) error {
			h.busy.Store(true)
			h.times.Add(1)
			<-ctx.Done()
			h.busy.Store(false)
			return ctx.Err()
		})
	}()
	h.stop = func() error {
		cancel()
		return <-ended
	}
	return h
}

func pass(d time.Duration) {
	<-time.After(d) // in a bubble: it costs nothing
	synctest.Wait()
}

func TestOneDoesIt(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		one := hire(t, c, "one", false)
		pass(time.Second)
		two := hire(t, c, "two", false)
		pass(time.Hour)
		if !one.busy.Load() || two.busy.Load() || one.times.Load() != 1 {
			t.Error("one should do it, and once")
		}
		if err := one.stop(); err != nil {
			t.Error(err)
		}
		pass(11 * time.Second)
		if one.busy.Load() || !two.busy.Load() {
			t.Error("nobody goes on with it")
		}
		if err := two.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAWorkerGoesBefore(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		gateway := hire(t, c, "gateway", false)
		pass(time.Second)
		if err := c.Members.Announce(t.Context(), cluster.Member{ID: "w", Role: "worker"}, time.Minute); err != nil {
			t.Fatal(err)
		}
		worker := hire(t, c, "w", true)
		pass(30 * time.Second)
		if gateway.busy.Load() || !worker.busy.Load() {
			t.Error("the worker should do it")
		}
		if err := worker.stop(); err != nil {
			t.Error(err)
		}
		pass(time.Minute) // its membership runs out
		if !gateway.busy.Load() || gateway.times.Load() != 2 {
			t.Error("the gateway should do it again")
		}
		if err := gateway.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestFailingWorkIsReported(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		err := chores.Run(t.Context(), "sweep", chores.Options{Cluster: cluster.Local(), Owner: "one"}, func(context.Context) error { return broken })
		if !errors.Is(err, broken) {
			t.Error(err)
		}
	})
}

// cut is a cluster that can be out of reach.
type cut struct {
	cluster.Leases
	off atomic.Bool
}

func (c *cut) Renew(ctx context.Context, ttl time.Duration, l ...cluster.Lease) ([]cluster.Lease, error) {
	if c.off.Load() {
		return nil, cluster.ErrUnreachable
	}
	return c.Leases.Renew(ctx, ttl, l...)
}

func TestWithoutTheClusterItEndsInTime(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		leases := &cut{Leases: c.Leases}
		c.Leases = leases
		one := hire(t, c, "one", false)
		pass(time.Second)
		leases.off.Store(true)
		pass(10 * time.Second)
		if !one.busy.Load() {
			t.Error("it ended at once")
		}
		pass(25 * time.Second) // another could have it by now
		if one.busy.Load() {
			t.Error("it goes on")
		}
		leases.off.Store(false)
		pass(time.Minute)
		if !one.busy.Load() {
			t.Error("it does not begin again")
		}
		if err := one.stop(); err != nil {
			t.Error(err)
		}
	})
}
