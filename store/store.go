// Package store keeps what must outlive the process, in one SQLite file or in a
// Postgres database: sessions and queues, settings, playlists, favourites, history,
// the audit log and where each guild's card is.
//
// It implements the Store interfaces of session, settings and playlists and knows no
// player, no bot and no Discord. Both engines run the same queries through
// database/sql; only how a connection is opened, some types of columns and the
// meaning of error codes differ. Times are kept to the millisecond, ids of Discord as
// 64-bit numbers.
//
// A Store is safe for concurrent use. It starts no goroutine of its own: whoever
// opened it runs Run, which deletes what has become too old, and closes it last.
package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/playlists"
)

// Options say how long things are kept. The zero Options keep everything.
type Options struct {
	KeepHistory time.Duration // plays that began longer ago are deleted; 0 = keep all
	KeepAudit   time.Duration // likewise entries of the audit log
	// KeepDeparted is how long a guild's things are kept after the bot was removed
	// from it; 0 = for ever. People remove bots by mistake, so this is days.
	KeepDeparted time.Duration

	Limits playlists.Limits // of playlists and favourites

	// Alone refuses a SQLite file that another process has opened alone: two bots on one
	// would spoil each other's queues. It has no meaning for Postgres.
	Alone    bool
	Existing bool // refuse a SQLite file that is not there, instead of making one

	Logger  *slog.Logger // nil discards
	Metrics *Metrics     // nil counts for nobody
}

// Store is an open store. Sessions, Settings, Playlists, Audit and Cards are its
// parts, each with the methods of the interface it implements.
type Store struct {
	opts   Options
	engine engine
	schema int64
	writer *sql.DB
	reader *sql.DB // the same as writer where there is only one connection
	claim  io.Closer
}

// nopCloser is the claim to a store that others may have open, too.
type nopCloser struct{}

func (nopCloser) Close() error { return nil }

// Open connects to the store at an address: a path, "sqlite:" and a path, ":memory:"
// (forgotten when closed) or a "postgres://" URL. A file that is not there is created,
// readable by its owner only; an older schema is brought up to date; a newer one is
// refused. Errors are faults and never hold a password.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	e, err := engineFor(address)
	if err != nil {
		return nil, err
	}
	if file, ok := e.(sqlite); ok && o.Existing {
		if err := file.exists(); err != nil {
			return nil, err
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	s := &Store{opts: o, engine: e, claim: nopCloser{}}
	if s.writer, s.reader, err = e.open(ctx); err != nil {
		return nil, s.explain(err)
	}
	if file, ok := e.(sqlite); ok && o.Alone && file.path != memory {
		claimed, err := claim(file.path + ".lock")
		if err != nil {
			return nil, errors.Join(s.explain(err), s.Close())
		}
		s.claim = claimed
	}
	if s.schema, err = s.migrate(ctx); err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	o.Logger.Debug("store open", "engine", e.name(), "schema", s.schema)
	return s, nil
}

// Close ends all connections. Nobody may use the Store afterwards.
func (s *Store) Close() error {
	err := s.writer.Close()
	if s.reader != s.writer {
		err = errors.Join(err, s.reader.Close())
	}
	return errors.Join(err, s.claim.Close())
}

// Engine returns "sqlite" or "postgres".
func (s *Store) Engine() string { return s.engine.name() }

// Schema returns the version of the schema: how many migrations made it.
func (s *Store) Schema() int64 { return s.schema }
