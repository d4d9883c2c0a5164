package redistest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// Nodes is a Redis Cluster of three masters with a replica each.
type Nodes struct {
	t       testing.TB
	servers []*Server
}

const (
	masters = 3
	slots   = 16384
)

// StartCluster starts a cluster. A node that is lost is replaced by its replica after
// about two seconds.
func StartCluster(t testing.TB) *Nodes {
	t.Helper()
	c := &Nodes{t: t}
	for range 2 * masters {
		bus := freePort(t)
		s := Start(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus),
			"--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0")
		c.servers = append(c.servers, s)
		c.servers[0].Do("CLUSTER", "MEET", "127.0.0.1", s.port, bus)
	}
	for n, s := range c.servers[:masters] {
		s.Do("CLUSTER", "ADDSLOTSRANGE", n*slots/masters, (n+1)*slots/masters-1)
	}
	for n, s := range c.servers[masters:] {
		master := c.servers[n]
		id := master.Do("CLUSTER", "MYID")
		Eventually(t, func() error {
			_, err := s.Try("CLUSTER", "REPLICATE", id) // unknown until they have met
			return err
		})
		Eventually(t, func() error { return contains(master.Addr(), "state=online", "INFO", "replication") })
	}
	c.Settled()
	t.Cleanup(c.explain)
	return c
}

// explain logs how the nodes see each other when the test has failed.
func (c *Nodes) explain() {
	if !c.t.Failed() {
		return
	}
	for _, s := range c.servers {
		seen, err := s.Try("CLUSTER", "NODES")
		c.t.Logf("%s sees (%v):\n%v", s.Addr(), err, seen)
	}
}

// URL is what clients open.
func (c *Nodes) URL() string {
	addrs := make([]string, 0, masters)
	for _, s := range c.servers[:masters] {
		addrs = append(addrs, s.Addr())
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// Settled waits until every node that runs says that all slots are served.
func (c *Nodes) Settled() {
	c.t.Helper()
	for _, s := range c.servers {
		if !s.p.running() {
			continue
		}
		Eventually(c.t, func() error { return contains(s.Addr(), "cluster_state:ok", "CLUSTER", "INFO") })
		Eventually(c.t, func() error {
			return contains(s.Addr(), fmt.Sprintf("cluster_known_nodes:%d", len(c.servers)), "CLUSTER", "INFO")
		})
	}
}

// Of returns the server that keeps key at the moment.
func (c *Nodes) Of(key string) *Server {
	c.t.Helper()
	for _, s := range c.servers {
		if _, err := s.Try("EXISTS", key); err != nil { // MOVED, or dead
			continue
		}
		if role, err := s.Try("ROLE"); err == nil && strings.Contains(fmt.Sprint(role), "master") {
			return s
		}
	}
	c.t.Fatalf("no server keeps %s", key)
	return nil
}
