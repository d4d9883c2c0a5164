package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Inspection is what a store is found to be, without anything being changed in it.
type Inspection struct {
	Engine string // "sqlite" or "postgres"
	Path   string // of a file, "" for a database
	// Exists is false for a file that is yet to be made; the rest is then zero.
	Exists  bool
	Version string // of the database
	// Schema is the version of the schema, 0 before the first migration; Newest is what
	// this program would bring it to.
	Schema, Newest int64
	Size           int64 // bytes on disk, of all of the database
	// ReadOnly is why nothing can be written or no table be made, nil when both can.
	ReadOnly error
	// Standby is that it only repeats what another server writes.
	Standby bool
	// Connections are those now open to the server, of at most MaxConnections; 0 for files.
	Connections, MaxConnections int
	// Offset is the server's clock minus ours, and Uncertain how wrong that may be: half
	// of the time the question took. Zero for files.
	Offset, Uncertain time.Duration
}

// Inspect looks at the store of an address, whether or not a bot uses it. It creates,
// migrates and keeps nothing: what it tries to write it takes back. Errors are faults.
func Inspect(ctx context.Context, address string) (Inspection, error) {
	e, err := engineFor(address)
	if err != nil {
		return Inspection{}, err
	}
	found := Inspection{Engine: e.name(), Exists: true}
	s := &Store{engine: e, claim: nopCloser{}}
	if file, ok := e.(sqlite); ok && file.path != memory {
		if found.Path, err = filepath.Abs(file.path); err != nil {
			return found, err
		}
		if _, err := os.Stat(file.path); errors.Is(err, fs.ErrNotExist) {
			found.Exists = false
			return found, nil
		}
	}
	if s.writer, s.reader, err = e.open(ctx); err != nil {
		return found, s.explain(err)
	}
	if found.Newest, err = s.newest(); err == nil {
		err = s.inspect(ctx, &found)
	}
	return found, errors.Join(s.explain(err), s.Close())
}

// newest is the version of the schema that this program knows.
func (s *Store) newest() (int64, error) {
	provider, err := s.provider()
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	sources := provider.ListSources()
	return sources[len(sources)-1].Version, nil
}

func (s *Store) inspect(ctx context.Context, found *Inspection) error {
	db := s.writer // the one that would see that a file is read-only
	if err := s.engine.look(ctx, db, found); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, s.engine.sizeQuery()).Scan(&found.Size); err != nil {
		return fmt.Errorf("ask for the size: %w", err)
	}
	if found.Schema > 0 {
		const newest = `SELECT coalesce(max(version_id), 0) FROM ` + versions + ` WHERE is_applied`
		if err := db.QueryRowContext(ctx, newest).Scan(&found.Schema); err != nil {
			return fmt.Errorf("read the schema's version: %w", err)
		}
	}
	found.ReadOnly = s.explain(probe(ctx, db))
	return nil
}

// versions is goose's table.
const versions = "goose_db_version"

// probe makes a table and takes it back.
func probe(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // that is all it is for
	_, err = tx.ExecContext(ctx, `CREATE TABLE busker_probe (n INTEGER)`)
	return err
}

// look asks Postgres; Schema becomes 1 when there is a table of versions.
func (postgres) look(ctx context.Context, db *sql.DB, found *Inspection) error {
	if err := db.PingContext(ctx); err != nil { // so that the connection's making is not measured
		return err
	}
	var now time.Time
	asked := time.Now()
	if err := db.QueryRowContext(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return err
	}
	found.Uncertain = time.Since(asked) / 2
	found.Offset = now.Sub(asked.Add(found.Uncertain))
	return db.QueryRowContext(ctx, `SELECT current_setting('server_version'), pg_is_in_recovery(), current_setting('max_connections')::int,
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
		CASE WHEN to_regclass('`+versions+`') IS NULL THEN 0 ELSE 1 END`,
	).Scan(&found.Version, &found.Standby, &found.MaxConnections, &found.Connections, &found.Schema)
}

// look asks SQLite; Schema becomes 1 when there is a table of versions.
func (sqlite) look(ctx context.Context, db *sql.DB, found *Inspection) error {
	return db.QueryRowContext(ctx, `SELECT sqlite_version(),
		(SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '`+versions+`')`,
	).Scan(&found.Version, &found.Schema)
}
