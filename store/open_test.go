package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/settings"
	"busker/store"
	"busker/store/storetest"
)

func TestAFileIsItsOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "what? 100%25 #1.db")
	s := storetest.OpenAt(t, path, store.Options{})
	if err := s.Cards().SetCard(t.Context(), 1, store.Card{Channel: 2}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(name), mode)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
}

func TestWhatIsKeptOutlivesTheStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		address := storetest.Address(t, engine)
		first, err := store.Open(t.Context(), address, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := store.Card{Channel: 5, Message: 1<<63 + 6, Serial: 7}
		if err := errors.Join(first.Cards().SetCard(t.Context(), 1, want), first.Close()); err != nil {
			t.Fatal(err)
		}
		again := storetest.OpenAt(t, address, store.Options{})
		if got, err := again.Cards().Card(t.Context(), 1); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
		if again.Engine() != engine {
			t.Errorf("the engine is %s", again.Engine())
		}
	})
}

func TestMemoryIsForgotten(t *testing.T) {
	for range 2 {
		s := storetest.OpenAt(t, ":memory:", store.Options{})
		if got, err := s.Cards().Card(t.Context(), 1); err != nil || got != (store.Card{}) {
			t.Errorf("%+v, %v", got, err)
		}
		if err := s.Cards().SetCard(t.Context(), 1, store.Card{Channel: 5}); err != nil {
			t.Error(err)
		}
	}
}

func TestManyOpenAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		address := storetest.Address(t, engine)
		var opening sync.WaitGroup
		for range 6 {
			opening.Go(func() {
				s, err := store.Open(t.Context(), address, store.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		opening.Wait()
	})
}

func TestMigrationsGoBothWays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, store.Options{})
		if err := s.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := columns(t, s); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		if _, err := s.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Count(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestArchivesHoldEveryColumn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		got, want := columns(t, storetest.Open(t, engine, store.Options{})), store.ArchivedColumns()
		for table := range want {
			if !slices.Equal(got[table], want[table]) {
				t.Errorf("%s has %v, archived are %v", table, got[table], want[table])
			}
			delete(got, table)
		}
		if len(got) > 0 {
			t.Errorf("not archived: %v", got)
		}
	})
}

// columns returns what tables there are but those of the engine and of goose.
func columns(t *testing.T, s *store.Store) map[string][]string {
	t.Helper()
	text := `SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' ORDER BY 1, 2`
	if s.Engine() == "postgres" {
		text = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`
	}
	rows, err := s.DB().QueryContext(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		// Tokens of owners and ids of commands are of the processes that run, and no backup's.
		if table != "goose_db_version" && table != "sqlite_sequence" && table != "session_token" && table != "session_command" {
			all[table] = append(all[table], column)
		}
	}
	no(t, rows.Err())
	for _, list := range all {
		slices.Sort(list)
	}
	return all
}

func TestANewerSchemaIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		address := storetest.Address(t, engine)
		s := storetest.OpenAt(t, address, store.Options{})
		if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, $1)`, true); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), address, store.Options{})
		complains(t, err, fault.Unsupported, "A newer version of Busker")
	})
}

func TestFilesThatAreNoStores(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := filepath.Join(dir, "good.db")
	if err := storetest.OpenAt(t, good, store.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	damaged := slices.Clone(whole)
	for i := 100; i < len(damaged); i++ {
		damaged[i] = 0xA5
	}
	for _, tt := range []struct {
		name, path string
		kind       fault.Kind
		want       string
	}{
		{"not a database", write("song.db", []byte(strings.Repeat("It was a dark and stormy night. ", 1000))), fault.Corrupt, "no SQLite database"},
		{"damaged", write("damaged.db", damaged), fault.Corrupt, "damaged"},
		{"cut off", write("cut.db", whole[:len(whole)/2]), fault.Corrupt, "damaged"},
		{"a folder", dir, fault.Unavailable, "cannot reach"},
		{"below a file", filepath.Join(good, "x.db"), fault.Unavailable, "cannot reach"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := store.Open(t.Context(), tt.path, store.Options{})
			if err == nil { // the damage may be where only reading comes by
				_, err = s.Count(t.Context())
				s.Close()
			}
			complains(t, err, tt.kind, tt.want)
		})
	}
}

func TestALockedFile(t *testing.T) {
	path := storetest.Address(t, "sqlite")
	s := storetest.OpenAt(t, path, store.Options{})
	other, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	holder, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if _, err := holder.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	err = s.Cards().SetCard(t.Context(), 1, store.Card{Channel: 1}) // waits for five seconds
	complains(t, err, fault.Unavailable, "Another program has locked")
	if _, err := s.Cards().Card(t.Context(), 1); err != nil {
		t.Errorf("reading does not work: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Cards().SetCard(ctx, 1, store.Card{Channel: 1}); fault.KindOf(err) != fault.Unavailable && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a bounded wait: %v", err)
	}
	if _, err := holder.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Cards().SetCard(t.Context(), 1, store.Card{Channel: 1}); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

const password = "hunter2"

var wrongAddresses = []string{
	"", "sqlite:", "sqlite://", "mysql://root:" + password + "@localhost/x", "redis://:" + password + "@localhost",
	"postgres:", "postgres:" + password, "postgres://u:" + password + "@host:port/x", "postgres://u:" + password + "@[::1/x",
	"postgres://u:" + password + "%zz@host/x", "postgres://u:" + password + "@host/x?sslmode=" + password, "postgresql://u@h/x?connect_timeout=" + password,
}

func TestWrongAddresses(t *testing.T) {
	for _, address := range wrongAddresses {
		_, err := store.Open(t.Context(), address, store.Options{})
		complains(t, err, fault.Invalid, "address")
	}
}

func FuzzAddress(f *testing.F) {
	for _, address := range wrongAddresses {
		f.Add(address)
	}
	f.Add("postgres://u:" + password + "@host:5432/db?sslmode=require")
	f.Fuzz(func(t *testing.T, address string) {
		if err := store.EngineFor(strings.ReplaceAll(address, "x", password)); err != nil {
			complains(t, err, fault.Invalid, "address")
		}
	})
}

func TestServersThatRefuse(t *testing.T) {
	s := storetest.OwnPostgres(t)
	address := s.Database(t)
	s.Exec(t, "CREATE ROLE locked LOGIN PASSWORD 'right'")
	for _, tt := range []struct {
		name, from, to string
		kind           fault.Kind
		want           string
	}{
		{"password", "busker@", "locked:" + password + "@", fault.Denied, "refused the user name or the password"},
		{"database", "/test1?", "/nothing?", fault.NotFound, "no database of that name"},
		{"rights", "busker@", "locked:right@", fault.Denied, "may not read or write"},
		{"nobody there", "?host=", "?host=/nowhere", fault.Unavailable, "cannot reach"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), strings.Replace(address, tt.from, tt.to, 1), store.Options{})
			complains(t, err, tt.kind, tt.want)
		})
	}
}

// complains checks what is said of an error, and that it holds no secret.
func complains(t *testing.T, err error, kind fault.Kind, want string) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	message, _ := fault.Message(err)
	if fault.KindOf(err) != kind || !strings.Contains(message, want) {
		t.Errorf("%v %q, want %v %q: %v", fault.KindOf(err), message, kind, want, err)
	}
	if strings.Contains(err.Error(), password) {
		t.Errorf("a password in %q", err)
	}
}

func TestClosedStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s, err := store.Open(t.Context(), storetest.Address(t, engine), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := s.Settings().ChangeUser(t.Context(), 1, func(*settings.User) error { return nil }); err == nil {
			t.Error("a closed store takes changes")
		}
	})
}
