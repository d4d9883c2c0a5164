package store

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"

	"busker/internal/fault"
)

// migrations holds what is the same for both engines in shared, the rest in a folder
// of each engine; their numbers are one sequence.
//
//go:embed migrations
var migrations embed.FS

// errNewer refuses a store that a newer Busker has changed: this one would lose what
// it does not know.
var errNewer = fault.New(fault.Unsupported, "A newer version of Busker has used this store. Use that one, or restore a backup.")

// migrate brings the schema up to date and returns its version.
func (s *Store) migrate(ctx context.Context) (int64, error) {
	provider, err := s.provider()
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	for tries := 0; ; tries++ {
		current, newest, err := provider.GetVersions(ctx)
		switch {
		case err != nil:
			return 0, fmt.Errorf("read the schema's version: %w", err)
		case current > newest:
			return 0, fmt.Errorf("schema %d, newest known %d: %w", current, newest, errNewer)
		case current == newest:
			return current, nil
		}
		// Another process may have migrated in between, which makes this fail: the
		// version tells. Each step is a transaction, so that nothing is half done.
		if _, err := provider.Up(ctx); err != nil && tries >= int(newest) {
			return 0, fmt.Errorf("migrate from schema %d to %d: %w", current, newest, err)
		}
	}
}

func (s *Store) provider() (*goose.Provider, error) {
	dialect, options, err := s.engine.migrations()
	if err != nil {
		return nil, err
	}
	shared, err := fs.Sub(migrations, "migrations/shared")
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(migrations, "migrations/"+s.engine.name())
	if err != nil {
		return nil, err
	}
	options = append(options, goose.WithDisableGlobalRegistry(true))
	return goose.NewProvider(dialect, s.writer, layers{own, shared}, options...)
}

// layers shows the files of several folders as one.
type layers []fs.FS

// Open opens the file in the first layer that has it.
func (l layers) Open(name string) (f fs.File, err error) {
	for _, layer := range l {
		if f, err = layer.Open(name); err == nil {
			return f, nil
		}
	}
	return nil, err
}

// ReadDir lists the files of all layers.
func (l layers) ReadDir(name string) (all []fs.DirEntry, err error) {
	for _, layer := range l {
		entries, err := fs.ReadDir(layer, name)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return all, nil
}
