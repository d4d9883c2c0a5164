//go:build unix

package bench

import (
	"syscall"
	"time"
)

// CPU returns the processor time this process has used, user and system.
func CPU() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
