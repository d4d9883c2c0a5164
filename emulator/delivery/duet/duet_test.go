package duet_test

import (
	"bytes"
	"testing"

	"busker/emulator/delivery/duet"
)

// TestBothHaveKeysOfTheirOwn seals the same frame twice.
func TestBothHaveKeysOfTheirOwn(t *testing.T) {
	ours, theirs, err := duet.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	frame := bytes.Repeat([]byte{9}, 100)
	a, errA := ours.SealFrame(nil, frame)
	b, errB := theirs.SealFrame(nil, frame)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if bytes.Contains(a, frame[:16]) || bytes.Equal(a, b) {
		t.Errorf("%x and %x", a, b)
	}
	if o, o2 := ours.Status(), theirs.Status(); o.Epoch == 0 || o.Epoch != o2.Epoch || len(o.Members) != 2 {
		t.Errorf("%+v and %+v", o, o2)
	}
}
