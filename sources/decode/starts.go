package decode

import (
	"context"
	"runtime"
	"sync"
	"time"

	"busker/internal/fault"
)

// startsPerCore is how many ffmpegs may be started in a second for each core: one
// takes about 55 ms of CPU before its first sample, so that they leave more than half
// of the machine to what plays already.
const startsPerCore = 8

// starts spaces out the starts of child processes. Whoever comes first is first.
type starts struct {
	every time.Duration // from one to the next
	mu    sync.Mutex
	next  time.Time // when the next one may be
}

// newStarts permits rate starts in a second; 0 is startsPerCore for each core.
func newStarts(rate float64) *starts {
	if rate <= 0 {
		rate = float64(startsPerCore * runtime.GOMAXPROCS(0))
	}
	return &starts{every: time.Duration(float64(time.Second) / rate)}
}

// wait returns when a process may be started, or with fault.Busy at once when that
// would take longer than patience.
func (s *starts) wait(ctx context.Context, patience time.Duration) error {
	at, ok := s.reserve(patience)
	if !ok {
		return errBusy
	}
	left := time.Until(at)
	if left <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		s.giveBack(at)
		return ctx.Err()
	}
}

func (s *starts) reserve(patience time.Duration) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	at = s.next
	if at.Before(now) {
		at = now
	}
	if at.Sub(now) > patience {
		return at, false
	}
	s.next = at.Add(s.every)
	return at, true
}

// giveBack returns a place nobody waits for any more, if none was given behind it.
func (s *starts) giveBack(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next.Equal(at.Add(s.every)) {
		s.next = at
	}
}

var errBusy = fault.New(fault.Busy, "Too many files of unusual formats are starting or playing. Try again later.")
