package store

import (
	"context"
	"database/sql"
	"net/url"
	"strings"

	"github.com/pressly/goose/v3"

	"busker/internal/fault"
)

// engine is all that differs between the databases.
type engine interface {
	name() string
	// open prepares the pools; most connections are made when they are first needed.
	open(ctx context.Context) (writer, reader *sql.DB, err error)
	// migrations returns goose's dialect, and its options.
	migrations() (goose.Dialect, []goose.ProviderOption, error)
	// meaning wraps an error of the driver in a fault that says what it means; nil when
	// it means nothing to people.
	meaning(err error) error
	// again reports whether the same transaction may succeed when it is tried anew.
	again(err error) bool
	// unhurried are statements by which a transaction may pause as long as it likes.
	unhurried() []string
	// arguments is how many a statement best has: many rows in one statement save time.
	arguments() int
	// sizeQuery counts the bytes on disk.
	sizeQuery() string
	// look fills in what Inspect asks each engine in its own way.
	look(ctx context.Context, db *sql.DB, found *Inspection) error
	// afterImport are statements that make up for ids written by hand.
	afterImport() []string
	// tidy are statements that give space back after many deletions.
	tidy() []string
}

// What is wrong with an address.
var (
	errNoAddress    = fault.New(fault.Invalid, "There is no address of the store: name a file or a postgres:// URL.")
	errWrongAddress = fault.New(fault.Invalid, "The store's address is neither a file nor a valid postgres:// URL.")
)

// engineFor reads an address. Its errors do not repeat it: it may hold a password.
func engineFor(address string) (engine, error) {
	scheme, rest, found := strings.Cut(address, ":")
	switch {
	case address == "":
		return nil, errNoAddress
	case address == memory:
		return sqlite{path: memory}, nil
	case found && scheme == "sqlite":
		path := strings.TrimPrefix(rest, "//")
		if path == "" {
			return nil, errNoAddress
		}
		return sqlite{path: path}, nil
	case found && (scheme == "postgres" || scheme == "postgresql"):
		u, err := url.Parse(address)
		if err != nil || u.Opaque != "" {
			return nil, errWrongAddress
		}
		return newPostgres(u)
	case strings.Contains(address, "://"):
		return nil, errWrongAddress
	}
	return sqlite{path: address}, nil
}
