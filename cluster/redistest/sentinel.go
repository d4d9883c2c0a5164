package redistest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Sentinel is a master and a replica that three Sentinels watch.
type Sentinel struct {
	t         testing.TB
	servers   []*Server
	sentinels []string // addresses
}

// masterName is what the Sentinels call the master.
const masterName = "busker"

// StartSentinel starts them. A master that is lost is replaced by its replica after
// about two seconds.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	master := Start(t)
	replica := Start(t, "--replicaof", "127.0.0.1", strconv.Itoa(master.port))
	s := &Sentinel{t: t, servers: []*Server{master, replica}}
	Eventually(t, func() error { return contains(master.Addr(), "state=online", "INFO", "replication") })
	for range 3 {
		s.watch(master)
	}
	for _, sentinel := range s.sentinels {
		for _, known := range []string{"num-other-sentinels 2", "num-slaves 1"} {
			Eventually(t, func() error { return contains(sentinel, known, "SENTINEL", "MASTER", masterName) })
		}
	}
	return s
}

// watch starts one Sentinel.
func (s *Sentinel) watch(master *Server) {
	s.t.Helper()
	dir, port := s.t.TempDir(), freePort(s.t)
	file := filepath.Join(dir, "sentinel.conf")
	conf := fmt.Sprintf(`port %d
bind 127.0.0.1
dir %s
sentinel monitor %s 127.0.0.1 %d 2
sentinel down-after-milliseconds %s 1000
sentinel failover-timeout %s 5000
`, port, dir, masterName, master.port, masterName, masterName)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		s.t.Fatal(err)
	}
	p := &process{t: s.t, dir: dir, args: []string{program(s.t, "redis-sentinel"), file}}
	if err := p.start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { p.end(syscall.SIGKILL) })
	s.sentinels = append(s.sentinels, address(port))
	Eventually(s.t, func() error {
		if !p.running() {
			s.t.Fatalf("redis-sentinel ended:\n%s", p.log())
		}
		_, err := ask(address(port), "PING")
		return err
	})
}

// URL is what clients open.
func (s *Sentinel) URL() string {
	return "redis+sentinel://" + strings.Join(s.sentinels, ",") + "/" + masterName
}

// Master returns the server that is the master in the eyes of the Sentinels and in its
// own, and waits for one.
func (s *Sentinel) Master() *Server {
	s.t.Helper()
	var found *Server
	Eventually(s.t, func() error {
		answer, err := ask(s.sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName)
		if err != nil {
			return err
		}
		for _, server := range s.servers {
			if fmt.Sprint(answer) != fmt.Sprintf("[127.0.0.1 %d]", server.port) {
				continue
			}
			if err := contains(server.Addr(), "master", "ROLE"); err != nil {
				return err
			}
			found = server
			return nil
		}
		return errors.New("no master")
	})
	return found
}

// Replica returns the other one.
func (s *Sentinel) Replica() *Server {
	s.t.Helper()
	if s.Master() == s.servers[0] {
		return s.servers[1]
	}
	return s.servers[0]
}
