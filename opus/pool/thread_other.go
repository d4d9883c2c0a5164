//go:build !linux

package pool

import "time"

// Niceness belongs to whole processes here.
func lowerThread(int) {}

func threadTime() (stop func() time.Duration) {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// cpuClock knows nothing here: the load is that of the tokens alone.
type cpuClock struct{}

func newCPUClock() *cpuClock { return &cpuClock{} }

func (*cpuClock) sinceLast() (cores float64) { return 0 }
