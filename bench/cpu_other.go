//go:build !unix

package bench

import "time"

var start = time.Now()

// CPU returns wall time: what it is meant to be is not known here.
func CPU() time.Duration { return time.Since(start) }
