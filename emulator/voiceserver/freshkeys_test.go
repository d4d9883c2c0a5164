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
	if f.take(at) {
		t.Fatal("a key that nobody gave")
	}
	f.give(at)
	f.give(at)
	if !f.take(at) || !f.take(at.Add(time.Second)) || f.take(at.Add(time.Second)) {
		t.Error("two keys on their way are not two")
	}
	f.give(at)
	f.give(at)
	f.give(at.Add(2 * freshGrace))
	if at = at.Add(2 * freshGrace); !f.take(at) || !f.take(at) || f.take(at) {
		t.Error("of two old keys and a new one, one of the old and the new remain")
	}
	f.give(at)
	f.give(at)
	at = at.Add(time.Hour)
	f.renew(at) // the ops 22 are repeated now
	if !f.take(at) || !f.take(at) {
		t.Error("a resume brought keys that are too old")
	}
	for range freshLimit + 10 {
		f.give(at)
	}
	if len(f.given) != freshLimit {
		t.Errorf("%d keys remembered of who says nothing", len(f.given))
	}
}
