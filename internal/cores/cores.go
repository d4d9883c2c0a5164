// Package cores knows how many processor cores this process may use.
package cores

import "runtime"

// count is taken before anybody changes GOMAXPROCS, which begins as the least of the
// cores, of those in the process's affinity and of what its control group may use, or as
// the environment says.
var count = min(runtime.NumCPU(), runtime.GOMAXPROCS(0))

// Count returns the number of cores this process may use, at least 1.
func Count() int { return count }
