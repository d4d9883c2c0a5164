package store

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"busker/internal/fault"
)

// postgres is a database of a Postgres server.
type postgres struct{ config *pgx.ConnConfig }

const (
	// postgresConns is how many connections a process holds at most: a server grants a
	// hundred to all its clients.
	postgresConns = 10
	// connectTimeout bounds a connection attempt when the URL names no other.
	connectTimeout = 5 * time.Second
	// idleTime is how long a connection nobody uses is kept.
	idleTime = 5 * time.Minute
	// stillness is how long a transaction may do nothing before the server ends it. What a
	// process that is stopped has locked would else stay so for as long as it is, although
	// another one has its guilds; it is shorter than the life of a lease.
	stillness = "2s"
)

func newPostgres(u *url.URL) (engine, error) {
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, errWrongAddress // what pgx says of it would quote it
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "busker"
	}
	return postgres{config}, nil
}

func (postgres) name() string { return "postgres" }

func (e postgres) open(context.Context) (writer, reader *sql.DB, err error) {
	db := stdlib.OpenDB(*e.config, stdlib.OptionAfterConnect(e.hurry))
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxIdleTime(idleTime)
	return db, db, nil
}

// stillnessName is of a parameter that a URL may set, too. It is no parameter of the
// connection because poolers in front of a server refuse those they do not know.
const stillnessName = "idle_in_transaction_session_timeout"

func (e postgres) hurry(ctx context.Context, c *pgx.Conn) error {
	if e.config.RuntimeParams[stillnessName] != "" {
		return nil
	}
	_, err := c.Exec(ctx, "SET "+stillnessName+" = '"+stillness+"'")
	return err
}

func (postgres) unhurried() []string { return []string{"SET LOCAL " + stillnessName + " = 0"} }

// migrations has a lock of the server make processes that start together migrate one
// after another; each tries once a second for a minute.
func (postgres) migrations() (goose.Dialect, []goose.ProviderOption, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60), lock.WithUnlockTimeout(1, 5))
	return goose.DialectPostgres, []goose.ProviderOption{goose.WithSessionLocker(locker)}, err
}

func (postgres) meaning(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return meaningOf(e.Code, err)
	}
	var network net.Error
	switch {
	case errors.As(err, new(*pgconn.ConnectError)), errors.As(err, &network), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), pgconn.SafeToRetry(err),
		errors.Is(err, sqldriver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone):
		return fault.Wrap(fault.Unavailable, textUnreachable, err)
	}
	return nil
}

// meaningOf reads an SQLSTATE (postgresql.org/docs/15/errcodes-appendix.html).
func meaningOf(code string, err error) error {
	class := code[:min(2, len(code))]
	switch {
	case class == "28":
		return fault.Wrap(fault.Denied, "The database refused the user name or the password.", err)
	case code == "3D000":
		return fault.Wrap(fault.NotFound, "The database server has no database of that name.", err)
	case code == "42501":
		return fault.Wrap(fault.Denied, textNotAllowed, err)
	case class == "40":
		return fault.Wrap(fault.Busy, "Too many changes at once. Try it again.", err)
	case class == "53":
		return fault.Wrap(fault.Unavailable, textFull, err)
	case class == "08", code == codeStill, strings.HasPrefix(code, "57P"), class == "58", code == "25006": // the last: a standby
		return fault.Wrap(fault.Unavailable, textUnreachable, err)
	case class == "XX":
		return fault.Wrap(fault.Corrupt, textDamaged, err)
	}
	return nil
}

// codeStill is of a transaction that has done nothing for too long.
const codeStill = "25P03"

// again is true of transactions the server gave up to let others through.
func (postgres) again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "40") || e.Code == codeStill)
}

// arguments saves round trips; the protocol takes 65,535.
func (postgres) arguments() int { return 4000 }

func (postgres) sizeQuery() string { return `SELECT pg_database_size(current_database())` }

func (postgres) afterImport() []string {
	return []string{
		`SELECT setval(pg_get_serial_sequence('playlist', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM playlist), false)`,
		`SELECT setval(pg_get_serial_sequence('play', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM play), false)`,
		`SELECT setval(pg_get_serial_sequence('audit', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM audit), false)`,
	}
}

func (postgres) tidy() []string { return nil } // autovacuum does it
