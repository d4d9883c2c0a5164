package pace

import "time"

// Clock is a monotonic clock that can wait. The Pacer uses it from one goroutine.
type Clock interface {
	// Now returns the time since some fixed instant.
	Now() time.Duration
	// SleepUntil returns at or after the given time of the clock, at once when it
	// has passed already, and says what time it is then.
	SleepUntil(at time.Duration) time.Duration
}

// Portable returns the clock of package time. Its sleep is precise to about a
// millisecond, and it follows the fake time of testing/synctest.
func Portable() Clock { return &portable{origin: time.Now()} }

type portable struct {
	origin time.Time
	timer  *time.Timer
}

func (c *portable) Now() time.Duration { return time.Since(c.origin) }

func (c *portable) SleepUntil(at time.Duration) time.Duration {
	now := c.Now()
	for now < at {
		if c.timer == nil {
			c.timer = time.NewTimer(at - now)
		} else {
			c.timer.Reset(at - now)
		}
		<-c.timer.C
		now = c.Now()
	}
	return now
}
