package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"busker/internal/fault"
)

// memory is the address of a store that is forgotten when it is closed.
const memory = ":memory:"

// sqlite is one file beside which a -wal and a -shm appear while it is open.
type sqlite struct{ path string }

func (sqlite) name() string { return "sqlite" }

const (
	// busyTimeout is how long a statement waits for another process's lock, in
	// milliseconds: longer than any transaction of ours takes.
	busyTimeout = "5000"
	// sqliteReaders is how many can read at once while one writes.
	sqliteReaders = 4
)

// open uses one connection to write, because SQLite has one writer, and a few that
// read: with a write-ahead log neither waits for the other.
func (e sqlite) open(ctx context.Context) (writer, reader *sql.DB, err error) {
	if e.path == memory {
		db, err := sql.Open("sqlite", "file::memory:?_foreign_keys=1&_txlock=immediate")
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(1) // another connection would see another memory
		return db, db, nil
	}
	if err := create(e.path); err != nil {
		return nil, nil, err
	}
	path, err := filepath.Abs(e.path)
	if err != nil {
		return nil, nil, err
	}
	// A commit reaches the disk before it is answered: synchronous is FULL.
	if writer, err = sql.Open("sqlite", dsn(path, "_journal_mode=WAL&_synchronous=FULL&_auto_vacuum=INCREMENTAL")); err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	if err := connect(ctx, writer); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	if reader, err = sql.Open("sqlite", dsn(path, "_query_only=1")); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(sqliteReaders)
	reader.SetMaxIdleConns(sqliteReaders)
	return writer, reader, nil
}

// connect opens the first connection, which gives a new file its write-ahead log. Whoever
// comes while another does that, or while the last one that had the file open tidies up, is
// refused at once: SQLite waits only for locks that cannot become a deadlock.
func connect(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		if err == nil || !busy(err) {
			return err
		}
		pause := time.NewTimer(rand.N(20 * time.Millisecond))
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

func busy(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == codes.SQLITE_BUSY
}

func (e sqlite) exists() error {
	if e.path == memory {
		return nil
	}
	if _, err := os.Stat(e.path); errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.NotFound, "There is no store there yet.", err)
	}
	return nil
}

func dsn(path, query string) string {
	u := url.URL{
		Scheme: "file", OmitHost: true, Path: path,
		RawQuery: "mode=rw&_txlock=immediate&_foreign_keys=1&_busy_timeout=" + busyTimeout + "&" + query,
	}
	return u.String()
}

// create makes the file, and the folders above it, for the owner's eyes only. SQLite
// gives the files beside it the same mode.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of the store: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the store's file: %w", err)
	}
	return f.Close()
}

func (sqlite) migrations() (goose.Dialect, []goose.ProviderOption, error) {
	return goose.DialectSQLite3, nil, nil
}

func (sqlite) meaning(err error) error {
	var e *driver.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, fs.ErrPermission):
		return fault.Wrap(fault.Denied, textNotAllowed, err)
	case errors.As(err, new(*fs.PathError)):
		return fault.Wrap(fault.Unavailable, textUnreachable, err)
	default:
		return nil
	}
	switch e.Code() & 0xff { // the rest is detail: sqlite.org/rescode.html
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return fault.Wrap(fault.Unavailable, "Another program has locked my memory.", err)
	case codes.SQLITE_NOTADB:
		return fault.Wrap(fault.Corrupt, "The store's file is no SQLite database.", err)
	case codes.SQLITE_CORRUPT, codes.SQLITE_FORMAT:
		return fault.Wrap(fault.Corrupt, textDamaged, err)
	case codes.SQLITE_FULL:
		return fault.Wrap(fault.Unavailable, textFull, err)
	case codes.SQLITE_READONLY, codes.SQLITE_PERM, codes.SQLITE_AUTH:
		return fault.Wrap(fault.Denied, textNotAllowed, err)
	case codes.SQLITE_CANTOPEN, codes.SQLITE_IOERR:
		return fault.Wrap(fault.Unavailable, textUnreachable, err)
	}
	return nil
}

func (sqlite) again(error) bool { return false } // busyTimeout has waited long enough

// arguments is small because SQLite looks each one up by name in the list of all others.
// Measured with 10,000 rows of four: 80 ms with 40 arguments, 160 with 4, 630 with 4000.
func (sqlite) arguments() int { return 40 }

func (sqlite) sizeQuery() string {
	return `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
}

func (sqlite) afterImport() []string { return nil }

func (sqlite) unhurried() []string { return nil }

func (sqlite) tidy() []string { return []string{`PRAGMA incremental_vacuum(5000)`} }
