package pace

import (
	"math"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System returns the kernel's CLOCK_MONOTONIC, slept on by the calling thread
// itself. Go's own timers wait in epoll, whose timeout counts whole milliseconds.
func System() Clock {
	c := &monotonic{}
	c.set()
	return c
}

// monotonic reads the clock through package time, which asks it without a system call;
// the kernel is asked once how far apart their origins are.
type monotonic struct {
	origin time.Time     // on time's clock
	offset time.Duration // what the kernel's said then
	at     unix.Timespec // so that no sleep allocates one
	keep   bool          // see keepP
}

// set finds the offset: of some tries that one during which the least time passed.
func (c *monotonic) set() {
	const tries = 5
	best := time.Duration(math.MaxInt64)
	for range tries {
		before := time.Now()
		// CLOCK_MONOTONIC always exists: the call can not fail.
		_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &c.at)
		if took := time.Since(before); took < best {
			best, c.origin, c.offset = took, before, time.Duration(c.at.Nano())-took
		}
	}
}

func (c *monotonic) Now() time.Duration { return c.offset + time.Since(c.origin) }

func (c *monotonic) SleepUntil(at time.Duration) time.Duration {
	for {
		now := c.Now()
		if now >= at {
			return now
		}
		c.at = unix.NsecToTimespec(int64(at))
		c.sleep()
	}
}

// sleep sleeps until c.at. A signal may end that early.
func (c *monotonic) sleep() {
	if !c.keep {
		_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &c.at, nil)
		return
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME,
		uintptr(unsafe.Pointer(&c.at)), 0, 0, 0)
	if errno == unix.EINTR {
		runtime.Gosched() // the world may wait for us to stop
	}
}

// keepP has the thread keep its P while it sleeps. Were the runtime told of each sleep, it
// would take the P away in it, and watch all threads every 20 µs to do so: a tenth of a
// core. A garbage collection that wants the world to stop ends the sleep by a signal.
func (c *monotonic) keepP() { c.keep = true }
