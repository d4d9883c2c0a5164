package pool

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lowerThread makes the calling thread stand back: at a lower priority, and without taking
// the core from others of its kind when it wakes up, which would have left an encoder's
// state in another core's cache. Both belong to the thread on Linux (0 is the caller) and
// need no privilege. A goroutine changes threads, so it is done for every turn: 0.5 µs, of
// a job of 100 to 1000. Threads stay so, and those they start begin so: senders take theirs
// before the first turn.
func lowerThread(nice int) {
	if nice <= 0 {
		return
	}
	batch := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: int32(nice)}
	_, _, errno := unix.RawSyscall(unix.SYS_SCHED_SETATTR, 0, uintptr(unsafe.Pointer(&batch)), 0)
	if errno != 0 { // a filter of system calls: failing again costs nothing but the advantage
		_, _, _ = unix.RawSyscall(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, uintptr(nice))
	}
}

// threadTime keeps the goroutine on its thread until stop returns the CPU time used,
// which no other process disturbs.
func threadTime() (stop func() time.Duration) {
	runtime.LockOSThread()
	start := clock(unix.CLOCK_THREAD_CPUTIME_ID)
	return func() time.Duration {
		defer runtime.UnlockOSThread()
		return clock(unix.CLOCK_THREAD_CPUTIME_ID) - start
	}
}

// cpuClock measures how many cores this process uses.
type cpuClock struct{ cpu, wall time.Duration }

func newCPUClock() *cpuClock {
	c := &cpuClock{}
	c.sinceLast()
	return c
}

// sinceLast returns how many cores were used since the last call, and 0 when that was
// not about a governPeriod ago: tests have their own time, which no processor knows.
func (c *cpuClock) sinceLast() (cores float64) {
	cpu, wall := clock(unix.CLOCK_PROCESS_CPUTIME_ID), clock(unix.CLOCK_MONOTONIC)
	used, elapsed := cpu-c.cpu, wall-c.wall
	c.cpu, c.wall = cpu, wall
	if elapsed < governPeriod/2 {
		return 0
	}
	return used.Seconds() / elapsed.Seconds()
}

// clock reads one of the kernel's clocks, which always exist.
func clock(id int32) time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(id, &t)
	return time.Duration(t.Nano())
}
