// Package storetest runs one suite against every engine of package store, and the real
// Postgres server that takes.
//
// Other packages use it to get a database for a test: Postgres returns the URL of an
// empty one, Open an open store of either engine.
package storetest

import (
	"os"
	"path/filepath"
	"testing"

	"busker/store"
)

// Engines are the names of what Open opens.
var Engines = []string{"sqlite", "postgres"}

// Address returns the address of an empty store of an engine; without that engine the
// test is skipped.
func Address(t testing.TB, engine string) string {
	t.Helper()
	if engine == "postgres" {
		return Postgres(t)
	}
	return filepath.Join(folder(t), "busker.db")
}

// folder is in memory where that is possible: the tests do not wait for a disk then.
func folder(t testing.TB) string {
	dir, err := os.MkdirTemp(scratch(), "busker-store-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func scratch() string {
	const memory = "/dev/shm"
	probe, err := os.MkdirTemp(memory, "busker-probe-")
	if err != nil {
		return "" // the usual place
	}
	if os.Remove(probe) != nil {
		return ""
	}
	return memory
}

// Open returns an empty store, which is closed when the test ends.
func Open(t testing.TB, engine string, o store.Options) *store.Store {
	t.Helper()
	return OpenAt(t, Address(t, engine), o)
}

// OpenAt opens the store at an address until the test ends.
func OpenAt(t testing.TB, address string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Each runs a test with every engine.
func Each(t *testing.T, test func(t *testing.T, engine string)) {
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) { test(t, engine) })
	}
}
