package pace_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"busker/voice/pace"
)

// tally is a member that counts, and asks for a garbage collection now and then.
type tally struct{ ticks atomic.Int64 }

func (c *tally) Tick(pace.Turn) { c.ticks.Add(1) }

// TestTheWorldStopsWhileThreadsSleep collects garbage, and has others work, while the
// threads sleep without giving their Ps away.
func TestTheWorldStopsWhileThreadsSleep(t *testing.T) {
	threads := 2
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + threads + 1))
	p := pace.New(pace.Options{Threads: threads, Share: 1})
	members := []*tally{{}, {}}
	for _, m := range members {
		p.Add(m)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = p.Run(ctx) })
	for members[0].ticks.Load() < 10 || members[1].ticks.Load() < 10 {
		runtime.GC()
	}
	cancel()
	running.Wait()
}
