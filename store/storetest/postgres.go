package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is a Postgres server in a folder of its own that listens on a socket there. It
// ends, and the folder goes, when it is stopped or this process ends in whatever way.
type Server struct {
	dir  string // holds data and the socket
	bin  string
	cmd  *exec.Cmd
	hold io.WriteCloser // the server lives as long as this pipe is open
	made atomic.Int64   // databases
}

// errNoPostgres makes tests skip.
var errNoPostgres = errors.New("no Postgres server is installed (Debian: postgresql)")

// one is the server all tests of a binary share.
var one struct {
	sync.Mutex
	server *Server
	err    error
}

// Main runs the tests of a binary, and then stops the server if one was started:
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	one.Lock()
	defer one.Unlock()
	if one.server != nil {
		if err := one.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop Postgres:", err)
			return max(code, 1)
		}
	}
	return code
}

// Postgres returns the URL of an empty database on the server all tests of the binary
// share, which the first caller starts; Main stops it. Without Postgres the test is skipped.
func Postgres(t testing.TB) string {
	t.Helper()
	one.Lock()
	if one.server == nil && one.err == nil {
		one.server, one.err = NewServer()
	}
	server, err := one.server, one.err
	one.Unlock()
	if err != nil {
		refuse(t, err)
	}
	return server.Database(t)
}

// OwnPostgres starts a server for one test, which may stop and start it.
func OwnPostgres(t testing.TB) *Server {
	t.Helper()
	server, err := NewServer()
	if err != nil {
		refuse(t, err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func refuse(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNoPostgres) {
		t.Skip(err)
	}
	t.Fatal(err)
}

// NewServer makes and starts a server.
func NewServer() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(scratch(), "busker-postgres-") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin}
	if err := errors.Join(s.init(), os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(access), 0o644)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// access lets everybody on this machine in, but those who must know a password.
const access = `
local all locked scram-sha-256
local all all    trust
`

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) init() error {
	if os.Getuid() == 0 {
		uid, gid, err := owner()
		if err != nil {
			return err
		}
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return err
		}
	}
	out, err := command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "busker", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// lifeline starts the server and ends it when its own input ends, as it does when the
// tests' process is gone; the folder goes then, unless a line came before.
const lifeline = `"$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
	-c max_connections=100 -c shared_buffers=32MB >>"$2/log" 2>&1 &
read -r keep
kill -INT $!
wait $!
[ -n "$keep" ] || rm -rf "$2"`

// Start starts the server, anew after Pause, and waits until it answers.
func (s *Server) Start() (err error) {
	s.cmd = command("sh", "-c", lifeline, "sh", filepath.Join(s.bin, "postgres"), s.dir)
	if s.hold, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	return s.await()
}

// await asks until the server answers. The tool that could wait in its place, pg_ctl,
// looks every tenth of a second.
func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it was only asked
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		err := db.PingContext(ctx)
		if err == nil {
			tick.Stop()
			return nil
		}
		if ctx.Err() != nil {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return errors.Join(fmt.Errorf("start Postgres: %w\n%s", err, log), s.Stop())
		}
	}
}

// Pause stops the server and keeps what it holds.
func (s *Server) Pause() error {
	if _, err := io.WriteString(s.hold, "keep\n"); err != nil {
		return err
	}
	return s.end()
}

// Stop stops the server and deletes what it holds.
func (s *Server) Stop() error {
	return errors.Join(s.end(), os.RemoveAll(s.dir))
}

func (s *Server) end() error {
	if s.hold == nil {
		return nil
	}
	err := errors.Join(s.hold.Close(), s.cmd.Wait())
	s.hold = nil
	return err
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "test" + strconv.FormatInt(s.made.Add(1), 10)
	s.Exec(t, "CREATE DATABASE "+name)
	t.Cleanup(func() {
		if s.hold != nil {
			s.Exec(t, "DROP DATABASE "+name+" WITH (FORCE)")
		}
	})
	return s.url(name)
}

// Exec runs a statement as the server's administrator.
func (s *Server) Exec(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only asked
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) url(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("busker"), Path: "/" + database,
		RawQuery: url.Values{"host": {s.dir}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// command runs a program, as the user postgres when this is root, whom Postgres refuses.
func command(args ...string) *exec.Cmd {
	if os.Getuid() == 0 {
		args = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"}, args...)
	}
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir = "/" // the tests' folder may be closed to the user postgres
	return cmd
}

func owner() (uid, gid int, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errNoPostgres, err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return uid, gid, errors.Join(err1, err2)
}

// binaries finds the newest server: Debian keeps it out of the path.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNoPostgres
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}
