// Package bubble runs tests in bubbles of synthetic time.
package bubble

import (
	"testing"
	"testing/synctest"
)

// Test is synctest.Test. Where the race detector runs, one thread at a time runs Go code
// meanwhile: the timers of a bubble share one context of the detector, and Go 1.26's
// runtime dies when two goroutines of it meet timers that are due at once.
func Test(t *testing.T, f func(*testing.T)) {
	t.Helper()
	defer alone()()
	synctest.Test(t, f) //nolint:forbidigo // here it is made safe
}
