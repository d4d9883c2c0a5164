//go:build unix

package bench

import (
	"syscall"
	"time"
)

// CPU returns the processor time this process has used, user and system.
func CPU() time.Duration { return used(syscall.RUSAGE_SELF) }

// ChildCPU returns the processor time of the child processes that have ended and were
// waited for.
func ChildCPU() time.Duration { return used(syscall.RUSAGE_CHILDREN) }

func used(who int) time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(who, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
