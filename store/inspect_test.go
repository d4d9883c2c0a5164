package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/store"
	"busker/store/storetest"
)

func TestInspect(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		address := storetest.Address(t, engine)
		before, err := store.Inspect(t.Context(), address)
		if err != nil || before.Engine != engine || before.Schema != 0 || before.Exists != (engine == "postgres") {
			t.Fatalf("an empty one: %+v, %v", before, err)
		}
		s := storetest.OpenAt(t, address, store.Options{Alone: true})
		found, err := store.Inspect(t.Context(), address) // beside the bot
		if err != nil || !found.Exists || found.Version == "" || found.Schema != s.Schema() || found.Newest != s.Schema() || found.Size <= 0 || found.ReadOnly != nil {
			t.Errorf("in use: %+v, %v", found, err)
		}
		if engine == "postgres" {
			if found.Connections < 1 || found.MaxConnections < found.Connections || found.Standby || found.Offset.Abs() > found.Uncertain+time.Second {
				t.Errorf("server: %+v", found)
			}
		} else if !filepath.IsAbs(found.Path) {
			t.Errorf("path %q", found.Path)
		}
		again, err := store.Inspect(t.Context(), address)
		if err != nil || again.Schema != found.Schema || again.ReadOnly != nil {
			t.Errorf("the probe is still there: %+v, %v", again, err)
		}
	})
}

func TestInspectMakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "busker.db")
	if found, err := store.Inspect(t.Context(), path); err != nil || found.Exists {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestInspectWhatIsNoStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "busker.db")
	if err := os.WriteFile(path, []byte("this is a letter and not a database, and long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]fault.Kind{
		path:                            fault.Corrupt,
		"":                              fault.Invalid,
		"mysql://h":                     fault.Invalid,
		"postgres://u:p@127.0.0.1:1/db": fault.Unavailable,
	} {
		if _, err := store.Inspect(t.Context(), address); fault.KindOf(err) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}
