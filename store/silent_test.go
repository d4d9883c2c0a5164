package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/store"
)

// TestASilentStoreKeepsNobody waits for a connection that never comes back, as behind a
// database that has gone silent.
func TestASilentStoreKeepsNobody(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		taken, err := s.DB().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = s.Cards().SetCard(t.Context(), 1, store.Card{Channel: 2})
		if took := time.Since(began); fault.KindOf(err) != fault.Unavailable || took != 15*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		if err := taken.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
