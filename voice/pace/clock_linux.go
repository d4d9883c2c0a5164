package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// System returns the kernel's CLOCK_MONOTONIC, slept on by the calling thread
// itself. Go's own timers wait in epoll, whose timeout counts whole milliseconds.
func System() Clock { return &monotonic{} }

// monotonic keeps its timespec so that no sleep allocates one.
type monotonic struct{ at unix.Timespec }

func (c *monotonic) Now() time.Duration {
	// CLOCK_MONOTONIC always exists: the call can not fail.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &c.at)
	return time.Duration(c.at.Nano())
}

func (c *monotonic) SleepUntil(at time.Duration) time.Duration {
	for {
		c.at = unix.NsecToTimespec(int64(at))
		// A time that has passed makes no sleep, and a signal ends it early (EINTR):
		// the clock decides.
		_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &c.at, nil)
		if now := c.Now(); now >= at {
			return now
		}
	}
}
