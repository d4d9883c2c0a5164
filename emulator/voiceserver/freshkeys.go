package voiceserver

import (
	"slices"
	"sync"
	"time"
)

// freshGrace is how long a key that a client skipped can be told from one it has not
// come to yet: the op 22 that gave it must reach the client, and the first frame the
// server, on a busy machine.
const freshGrace = 10 * time.Second

// freshKeys are the keys a client was told to use and was not seen to use. Each lets
// its nonce restart once. Somebody who says nothing while the group changes skips
// some, and must not save them up for restarts under one key.
type freshKeys struct {
	mu    sync.Mutex // taken last
	given []time.Time
}

func (f *freshKeys) give(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.given = append(f.given, at)
	if old := len(f.given) - freshLimit; old > 0 {
		f.given = f.given[old:]
	}
}

// freshLimit bounds how many are remembered of somebody who says nothing.
const freshLimit = 1000

// take uses a key, whose first frame came at a time, and forgets those skipped. It
// reports whether there was one.
func (f *freshKeys) take(at time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.given) == 0 {
		return false
	}
	f.given = slices.DeleteFunc(f.given[1:], func(given time.Time) bool { return at.Sub(given) > freshGrace })
	return true
}

// renew counts all keys as given now: a resume repeats the ops 22.
func (f *freshKeys) renew(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.given {
		f.given[i] = at
	}
}
