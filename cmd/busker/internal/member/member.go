// Package member is a process of a bot that runs no shards: it is there, can be seen, and
// does the background work.
//
// The roles api and worker are this so far: there is no REST API yet.
package member

import (
	"context"
	"log/slog"
	"os"
	"time"

	"busker/cluster"
	"busker/cmd/busker/internal/chores"
	"busker/cmd/busker/internal/layers"
	"busker/internal/telemetry"
	"busker/store"
)

// Options of a member. All but LeaseTTL are required.
type Options struct {
	Cluster    *cluster.Cluster
	RunCluster func(context.Context) error // runs it for as long as anything here needs it
	Store      *store.Store                // the caller closes it
	Telemetry  *telemetry.Telemetry        // Run runs it
	Name       string                      // its id among the members, of no other process: see cluster.NewID
	Role       string
	Version    string
	Worker     bool          // it does the background work, and goes before gateways
	LeaseTTL   time.Duration // how long it counts as there without a word; 0 = 3 s
}

// Member is one such process. Run it once.
type Member struct {
	Options
	log *slog.Logger
}

// New fills in what was left open.
func New(o Options) *Member {
	if o.LeaseTTL <= 0 {
		o.LeaseTTL = 3 * time.Second
	}
	return &Member{Options: o, log: o.Telemetry.Logger().With("part", "member")}
}

// StopWithin is the sum of the parts' shares: no stop takes longer.
const StopWithin = 5 * time.Second

// Run takes part until ctx ends, which returns nil. It is ready while the cluster can be
// reached.
func (m *Member) Run(ctx context.Context) error {
	return layers.Run(ctx, m.Telemetry.Logger(),
		layers.Layer{Name: "telemetry", Run: m.Telemetry.Run, Share: time.Second},
		layers.Layer{Name: "cluster", Run: m.RunCluster, Share: time.Second},
		layers.Layer{Name: "member", Run: m.attend, Share: time.Second},
		layers.Layer{Name: "chores", Run: m.work, Share: 2 * time.Second},
	)
}

// attend says that this process is there, over and over, and in the end that it goes.
func (m *Member) attend(ctx context.Context) error {
	host, _ := os.Hostname() // a member without the name of its host is none the worse
	self := cluster.Member{ID: m.Name, Role: m.Role, Host: host, Version: m.Version, Started: time.Now()}
	again := time.NewTicker(m.LeaseTTL / 3)
	defer again.Stop()
	for there := false; ; {
		err := m.announce(ctx, self)
		switch {
		case ctx.Err() != nil:
			m.resign(context.WithoutCancel(ctx))
			return nil
		case err == nil && !there:
			m.log.Info("ready", "process", m.Name)
		case err != nil && there:
			m.log.Warn("the cluster cannot be reached", "err", err)
		}
		there = err == nil
		m.Telemetry.SetReady(there)
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

func (m *Member) announce(ctx context.Context, self cluster.Member) error {
	ctx, cancel := context.WithTimeout(ctx, m.LeaseTTL/3)
	defer cancel()
	return m.Cluster.Members.Announce(ctx, self, m.LeaseTTL)
}

// resign tells the others that this process is gone.
func (m *Member) resign(ctx context.Context) {
	m.Telemetry.SetReady(false)
	ctx, cancel := context.WithTimeout(ctx, m.LeaseTTL/3)
	defer cancel()
	if err := m.Cluster.Members.Resign(ctx, m.Name); err != nil {
		m.log.Debug("others will notice by themselves that this process is gone", "err", err)
	}
}

// work does what is for a worker to do.
func (m *Member) work(ctx context.Context) error {
	if !m.Worker {
		<-ctx.Done()
		return nil
	}
	return chores.Run(ctx, chores.Retention, chores.Options{
		Cluster: m.Cluster, Owner: m.Name, Worker: true, Logger: m.log,
	}, m.Store.Run)
}
