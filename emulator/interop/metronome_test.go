package interop_test

import (
	"sync/atomic"
	"testing"
	"time"
)

// metronome measures how long the machine leaves a test without a processor.
type metronome struct{ worst atomic.Int64 }

const (
	metronomeTick = 5 * time.Millisecond
	// stalled is a delay that only a machine busy with other things has.
	stalled = 30 * time.Millisecond
)

// run measures until the test ends.
func (m *metronome) run(t *testing.T) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(metronomeTick)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-tick.C:
			case <-quit:
				return
			}
			now := time.Now()
			m.worst.Store(max(m.worst.Load(), int64(now.Sub(last)-metronomeTick)))
			last = now
		}
	}()
	t.Cleanup(func() { close(quit); <-done })
}

// inTime fails the test if something took longer than it may, unless the machine
// stalled meanwhile or before: then nobody knows, and it only says so.
func (m *metronome) inTime(t *testing.T, what string, took, limit time.Duration) {
	t.Helper()
	worst := time.Duration(m.worst.Swap(0))
	switch {
	case took <= limit:
		t.Logf("%s took %v", what, took)
	case worst > stalled:
		t.Logf("%s took %v, more than %v, on a machine that stalled for %v", what, took, limit, worst)
	default:
		t.Errorf("%s took %v, more than %v", what, took, limit)
	}
}
