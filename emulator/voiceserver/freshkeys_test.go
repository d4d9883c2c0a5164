package voiceserver

import (
	"testing"
	"time"
)

// TestSkippedKeysAreNotSavedUp: whoever was told of two keys and said nothing in
// between may restart its nonce for either, for as long as both may be on their way.
func TestSkippedKeysAreNotSavedUp(t *testing.T) {
	at := time.Unix(1_000_000_000, 0)
	var f freshKeys
	restarts := func(want int) {
		t.Helper()
		for range want {
			if !f.take(at) {
				t.Errorf("not %d restarts", want)
			}
		}
		if f.take(at) {
			t.Errorf("more than %d restarts", want)
		}
	}
	restarts(0)
	f.give(at)
	f.give(at)
	restarts(2) // both are on their way
	f.give(at)
	f.give(at)
	f.give(at.Add(2 * freshGrace))
	at = at.Add(2 * freshGrace)
	restarts(2) // one of the old, and the new one
	f.give(at)
	f.give(at)
	at = at.Add(time.Hour)
	f.renew(at) // a resume repeats the ops 22 now
	restarts(2)
	for range freshLimit + 10 {
		f.give(at)
	}
	if len(f.given) != freshLimit {
		t.Errorf("%d keys remembered of who says nothing", len(f.given))
	}
}
