package bubble_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"busker/internal/bubble"
)

// TestTimersThatAreDueAtOnce has many goroutines meet due timers at the same moment,
// which ends the process where they share a context of the race detector.
func TestTimersThatAreDueAtOnce(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Run("bubbles", func(t *testing.T) {
		for range 2 { // several at a time
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for range 5 {
					bubble.Test(t, func(*testing.T) {
						var all sync.WaitGroup
						for range 8 {
							all.Go(func() {
								for range 10000 {
									<-time.After(0)
								}
							})
						}
						all.Wait()
					})
				}
			})
		}
	})
	if now := runtime.GOMAXPROCS(0); now != before {
		t.Errorf("%d threads run Go code afterwards, before it were %d", now, before)
	}
}
