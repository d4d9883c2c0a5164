//go:build race

package bubble

import (
	"runtime"
	"sync"
)

var (
	mu      sync.Mutex
	running int
	procs   int // to be set again
)

// alone has one thread run Go code until the function it returns is called.
func alone() (done func()) {
	mu.Lock()
	defer mu.Unlock()
	if running++; running == 1 {
		procs = runtime.GOMAXPROCS(1)
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if running--; running == 0 {
			runtime.GOMAXPROCS(procs)
		}
	}
}
