package pool_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"busker/opus/pool"
)

// niceness of the calling thread; the system call counts from 20 downwards.
func niceness(t *testing.T) int {
	n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Error(err)
	}
	return 20 - n
}

func TestComputingThreadsStandBack(t *testing.T) {
	for _, tt := range []struct{ nice, more int }{{0, 10}, {3, 3}, {-1, 0}} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
			before := niceness(t)
			p, err := pool.New(pool.Options{Nice: tt.nice, Costs: cheap})
			if err != nil {
				t.Error(err)
				return
			}
			turn := p.Turn()
			if err := turn.Begin(context.Background(), time.Now()); err != nil {
				t.Error(err)
			}
			defer turn.End(0)
			want := tt.more
			if tt.more == 0 {
				want = before
			}
			if after := niceness(t); after != want {
				t.Errorf("nice %d: niceness %d after %d, want %d", tt.nice, after, before, want)
			}
		}()
		<-done
	}
}

func TestCPUClockCountsOnlyRealTime(t *testing.T) {
	sinceLast := pool.CPUClock()
	if cores := sinceLast(); cores != 0 {
		t.Errorf("%v cores in no time", cores)
	}
	for start := time.Now(); time.Since(start) < pool.GovernPeriod; { // burns a core
	}
	if cores := sinceLast(); cores < 0.02 || cores > float64(runtime.NumCPU())+0.5 {
		t.Errorf("%v cores used by one loop", cores)
	}
}
