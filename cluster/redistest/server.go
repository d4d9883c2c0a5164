// Package redistest starts real Redis servers for the tests of any package: one alone,
// a cluster, a master with Sentinels; and takes from them what they need to live:
// network, processor, memory, life, data.
//
// Servers listen on free ports of the loopback, keep their data in the test's temporary
// directory and end with the test. Where Redis is not installed, the test is skipped.
// None of it is for production.
package redistest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is one redis-server. It keeps what it acknowledged when it is killed
// (appendonly), as a server for Busker has to. Its methods are the test's goroutine's
// and fail the test.
type Server struct {
	t    testing.TB
	port int
	p    *process
}

// Start starts a server; args are further ones of redis-server, such as
// "--requirepass", "secret".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, freePort(t), args...)
}

func start(t testing.TB, port int, args ...string) *Server {
	t.Helper()
	dir := t.TempDir()
	s := &Server{t: t, port: port, p: &process{t: t, dir: dir, args: append([]string{
		program(t, "redis-server"),
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "no",
		"--repl-diskless-sync-delay", "0",
	}, args...)}}
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// Addr is where the server listens.
func (s *Server) Addr() string { return address(s.port) }

// URL is what clients open.
func (s *Server) URL() string { return "redis://" + s.Addr() }

// Stop ends the server in order.
func (s *Server) Stop() { s.p.end(syscall.SIGTERM) }

// Kill ends the server as a power cut would end its process.
func (s *Server) Kill() { s.p.end(syscall.SIGKILL) }

// Pause stops the server where it is: connections stay and nothing is answered.
func (s *Server) Pause() { s.p.signal(syscall.SIGSTOP) }

// Continue lets a paused server go on.
func (s *Server) Continue() { s.p.signal(syscall.SIGCONT) }

// Restart starts a server that has ended, or ends it in order before, on the same port
// with the data it has, and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	if err := s.p.start(); err != nil {
		s.t.Fatal(err)
	}
	Eventually(s.t, func() error {
		if !s.p.running() {
			s.t.Fatalf("redis-server ended:\n%s", s.p.log())
		}
		_, err := s.Try("PING")
		return ignore(err, "NOAUTH")
	})
}

// Wipe deletes all data of a server that has ended.
func (s *Server) Wipe() {
	s.t.Helper()
	if s.p.running() {
		s.t.Fatal("the server runs: its data cannot be wiped")
	}
	for _, name := range []string{"appendonlydir", "dump.rdb"} {
		if err := os.RemoveAll(filepath.Join(s.p.dir, name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Config sets a parameter of the running server, such as maxmemory.
func (s *Server) Config(name, value string) {
	s.t.Helper()
	s.Do("CONFIG", "SET", name, value)
}

// Fill fills the server's memory: from then on it refuses, as one that evicts nothing
// does, whatever would need more.
func (s *Server) Fill() {
	s.t.Helper()
	s.Config("maxmemory-policy", "noeviction")
	s.Config("maxmemory", "1")
}

// Empty takes the limit of Fill away.
func (s *Server) Empty() {
	s.t.Helper()
	s.Config("maxmemory", "0")
}

// Do sends a command on a connection of its own and returns the answer.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	answer, err := s.Try(args...)
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return answer
}

// Try is Do for what may fail.
func (s *Server) Try(args ...any) (any, error) { return ask(s.Addr(), args...) }

// ask sends one command to a server or Sentinel.
func ask(addr string, args ...any) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c := redis.NewClient(&redis.Options{
		Addr: addr, MaxRetries: -1, DialerRetries: 1, Protocol: 2, DisableIdentity: true,
		ContextTimeoutEnabled: true,
	})
	defer func() { _ = c.Close() }()
	return c.Do(ctx, args...).Result()
}

// ignore is nil for errors that begin with prefix.
func ignore(err error, prefix string) error {
	if err != nil && strings.HasPrefix(err.Error(), prefix) {
		return nil
	}
	return err
}

// contains is nil if the answer of a server contains what is wanted.
func contains(addr, want string, args ...any) error {
	answer, err := ask(addr, args...)
	if err == nil && !strings.Contains(fmt.Sprint(answer), want) {
		err = fmt.Errorf("%v on %s: no %q in %v", args, addr, want, answer)
	}
	return err
}

var namespaces atomic.Uint64

// Namespace returns a namespace no other test of this process uses.
func Namespace() string { return fmt.Sprintf("test-%d", namespaces.Add(1)) }
