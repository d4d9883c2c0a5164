package store

import (
	"context"
	"database/sql"
	"slices"
)

// DB is the connection that writes, for tests that damage what is kept.
func (s *Store) DB() *sql.DB { return s.writer }

// ArchivedColumns returns the columns of every table in an archive, sorted.
func ArchivedColumns() map[string][]string {
	all := map[string][]string{}
	for _, t := range tables {
		all[t.name] = slices.Sorted(slices.Values(t.columns()))
	}
	return all
}

// MigrateDown takes all migrations back, and MigrateUp brings them again.
func (s *Store) MigrateDown(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	_, err = p.DownTo(ctx, 0)
	return err
}

// MigrateUp brings the schema up to date.
func (s *Store) MigrateUp(ctx context.Context) (int64, error) { return s.migrate(ctx) }

// EngineFor reads an address.
func EngineFor(address string) error {
	_, err := engineFor(address)
	return err
}
