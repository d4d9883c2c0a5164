//go:build !linux

package bench

import "time"

// ThreadCPU returns the processor time of the process: there is nothing finer here.
func ThreadCPU() time.Duration { return CPU() }
