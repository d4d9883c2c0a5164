package gateway_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/cluster"
	"busker/gateway"
	"busker/internal/bubble"
)

// TestIdentifiesOfManyProcessesArePaced has three processes with one bucket each for
// two shards of the same.
func TestIdentifiesOfManyProcessesArePaced(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		plenty := func(context.Context) (gateway.Budget, error) {
			return gateway.Budget{Total: 1000, Remaining: 1000, Reset: time.Now().Add(time.Hour), Asked: time.Now()}, nil
		}
		began := time.Now()
		var mu sync.Mutex
		var wg sync.WaitGroup
		at := map[int][]time.Duration{}
		for process := range 3 {
			wait := gateway.Permits(c, 2, 5*time.Second, plenty)
			for _, shard := range []int{process * 2, process*2 + 1} {
				wg.Go(func() {
					if err := wait(t.Context(), shard); err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					at[shard%2] = append(at[shard%2], time.Since(began).Round(time.Second))
				})
			}
		}
		wg.Wait()
		for bucket, times := range at {
			for i, d := range times {
				if want := time.Duration(i) * 5 * time.Second; d != want {
					t.Errorf("bucket %d: identify %d went out after %v, want %v", bucket, i, d, want)
				}
			}
		}
	})
}

// TestTheDaysBudgetIsNeverUsedUp has two processes begin more sessions than there are.
func TestTheDaysBudgetIsNeverUsedUp(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		var spent, asked atomic.Int32
		renewed := time.Now().Add(time.Hour)
		ask := func(context.Context) (gateway.Budget, error) {
			asked.Add(1)
			if now := time.Now(); !now.Before(renewed) {
				spent.Store(0)
				renewed = renewed.Add(24 * time.Hour)
			}
			return gateway.Budget{Total: 100, Remaining: 100 - int(spent.Load()), Reset: renewed, Asked: time.Now()}, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 2 {
			wait := gateway.Permits(c, 1, 100*time.Millisecond, ask)
			wg.Go(func() {
				for wait(ctx, 0) == nil {
					if spent.Add(1) > 99 {
						t.Error("the budget is used up")
					}
				}
			})
		}
		pass(59 * time.Minute)
		if n := spent.Load(); n != 99 {
			t.Errorf("%d sessions of 100 began", n)
		}
		if n := asked.Load(); n > 300 {
			t.Errorf("discord was asked %d times", n)
		}
		pass(2 * time.Minute)
		if n := spent.Load(); n == 0 || n == 99 && renewed.Before(time.Now()) {
			t.Errorf("renewed, and %d began", n)
		}
		cancel()
		wg.Wait()
	})
}

// TestWhatAProcessWasToldLongAgoDoesNotCount: others have begun sessions since, and what
// they counted has become too old.
func TestWhatAProcessWasToldLongAgoDoesNotCount(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		var spent, asked atomic.Int32
		ask := func(context.Context) (gateway.Budget, error) {
			asked.Add(1)
			return gateway.Budget{Total: 1000, Remaining: 1000 - int(spent.Load()), Reset: time.Now().Add(time.Hour), Asked: time.Now()}, nil
		}
		identify := func(wait func(context.Context, int) error) {
			t.Helper()
			if err := wait(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			spent.Add(1)
		}
		busy := gateway.Permits(c, 1, time.Second, ask)
		identify(busy)
		pass(5 * time.Minute)
		told, _ := ask(t.Context())
		calm := gateway.PermitsKnowing(told, c, ask)
		for range 200 {
			identify(busy)
		}
		pass(6 * time.Minute) // what was counted is too old
		asked.Store(0)
		identify(calm)
		if asked.Load() == 0 {
			t.Error("200 sessions are forgotten")
		}
	})
}

// TestNobodyIdentifiesOnTheirOwn cuts the process off from the others.
func TestNobodyIdentifiesOnTheirOwn(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var l link
		wait := gateway.Permits(l.through(cluster.Local()), 1, 5*time.Second, func(context.Context) (gateway.Budget, error) {
			return gateway.Budget{}, nil
		})
		l.cut.Store(true)
		began := time.Now()
		time.AfterFunc(time.Minute, func() { l.cut.Store(false) })
		if err := wait(t.Context(), 0); err != nil || time.Since(began) < time.Minute {
			t.Errorf("permitted after %v, %v", time.Since(began), err)
		}
	})
}
