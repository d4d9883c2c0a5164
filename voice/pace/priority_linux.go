package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ordinary is what getpriority(2) answers, as the kernel says it, for a thread of
	// ordinary priority: 20 - nice.
	ordinary = 20
	// slice is how long the thread asks to run at a time, the least there is. Linux
	// since 6.12 gives a core at once to who wakes up and asks for less than who has
	// it, if both have had their share; it needs no privilege. Before, nothing happens.
	slice = 100 * time.Microsecond
)

// prioritize prepares the calling thread to wake up in time, and returns by how much
// its priority is below the ordinary all the same: raising it is a privilege.
func prioritize() (nice int) {
	// The kernel may otherwise put off a thread's timers by 50 µs, to save power.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	nice = normalize()
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Policy: unix.SCHED_NORMAL, Nice: int32(nice), Runtime: uint64(slice),
		Flags: unix.SCHED_FLAG_RESET_ON_FORK, // nobody inherits it
	}, 0)
	return nice
}

// normalize raises the calling thread's priority to the ordinary, if it is below and may,
// and returns its niceness.
func normalize() (nice int) {
	p, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // on Linux: of the thread
	if err != nil {
		return 0
	}
	if p < ordinary && unix.Setpriority(unix.PRIO_PROCESS, 0, 0) == nil {
		return 0
	}
	return ordinary - p
}
