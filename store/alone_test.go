package store_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"busker/internal/fault"
	"busker/store"
	"busker/store/storetest"
)

// TestOneBotToAFile: a second one is told, and a backup can still be made.
func TestOneBotToAFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nobody can be kept out")
	}
	path := filepath.Join(t.TempDir(), "busker.db")
	first := must[*store.Store](t)(store.Open(t.Context(), path, store.Options{Alone: true}))
	if _, err := store.Open(t.Context(), path, store.Options{Alone: true}); fault.KindOf(err) != fault.Busy {
		t.Errorf("a second bot: %v", err)
	}
	storetest.OpenAt(t, path, store.Options{Existing: true})
	no(t, first.Close())
	storetest.OpenAt(t, path, store.Options{Alone: true})
}
