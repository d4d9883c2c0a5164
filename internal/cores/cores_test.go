package cores_test

import (
	"runtime"
	"testing"

	"busker/internal/cores"
)

// TestCountStays is told by nobody that more threads may run.
func TestCountStays(t *testing.T) {
	before := cores.Count()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(before + 7))
	if n := cores.Count(); n != before || n < 1 || n > runtime.NumCPU() {
		t.Errorf("%d cores, then %d, of %d", before, n, runtime.NumCPU())
	}
}
