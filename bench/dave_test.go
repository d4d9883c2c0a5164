package bench_test

import (
	"context"
	"sync"
	"testing"

	"busker/emulator/delivery/duet"
	"busker/voice/dave"
)

var (
	keyed   []*dave.Session // made so far; a benchmark at a time uses them
	keyedMu sync.Mutex
)

// keys returns n sessions that have agreed on a key, each in another call or on another
// side of it.
func keys(tb testing.TB, n int) []*dave.Session {
	tb.Helper()
	keyedMu.Lock()
	defer keyedMu.Unlock()
	for len(keyed) < n {
		ours, theirs, err := duet.New(context.Background())
		if err != nil {
			tb.Fatal(err)
		}
		keyed = append(keyed, ours, theirs)
	}
	return keyed[:n]
}
