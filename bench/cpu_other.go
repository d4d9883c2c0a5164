//go:build !unix

package bench

import "time"

var start = time.Now()

// CPU returns wall time: what it is meant to be is not known here.
func CPU() time.Duration { return time.Since(start) }

// ChildCPU returns nothing: it is in the wall time.
func ChildCPU() time.Duration { return 0 }
