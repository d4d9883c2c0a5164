package pace

import "golang.org/x/sys/unix"

// ordinary is what getpriority(2) answers, as the kernel says it, for a thread of
// ordinary priority: 20 - nice.
const ordinary = 20

// prioritize prepares the calling thread to wake up in time, and returns by how much
// its priority is below the ordinary all the same: raising it is a privilege.
func prioritize() (nice int) {
	// The kernel may otherwise put off a thread's timers by 50 µs, to save power.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	p, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // on Linux: of the thread
	if err != nil || p >= ordinary {
		return 0
	}
	if unix.Setpriority(unix.PRIO_PROCESS, 0, 0) == nil {
		return 0
	}
	return ordinary - p
}
