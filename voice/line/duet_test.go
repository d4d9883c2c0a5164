package line_test

import (
	"testing"

	"busker/emulator/delivery/duet"
	"busker/voice/dave"
)

// newDuet returns two sessions in one encrypted call.
func newDuet(t testing.TB) (ours, theirs *dave.Session) {
	t.Helper()
	ours, theirs, err := duet.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}
