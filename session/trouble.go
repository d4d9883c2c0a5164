package session

import (
	"sync"
	"time"
)

// trouble counts what keeps going wrong, to be told of once a second.
type trouble struct {
	mu    sync.Mutex
	times int
	told  time.Time
}

// count returns how often it went wrong since it was last told of, 0 = not yet to be told.
func (t *trouble) count(now time.Time) (times int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times++
	if now.Sub(t.told) < time.Second {
		return 0
	}
	times, t.times, t.told = t.times, 0, now
	return times
}
