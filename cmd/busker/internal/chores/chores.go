// Package chores has background work done by one of a bot's processes and no other.
//
// Whoever holds the work's lease does it. A process of the role worker goes before the
// others: while one is there, gateways leave the work to it.
package chores

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"busker/cluster"
)

// Options say whose work it is. Cluster and Owner are required.
type Options struct {
	Cluster *cluster.Cluster
	Owner   string        // this process's name among the members
	Worker  bool          // this process is there for such work
	TTL     time.Duration // of the lease; 0 = 30 s: nobody waits for chores
	Logger  *slog.Logger  // nil discards
}

// Retention is the deletion of what has become too old in the store.
const Retention = "retention"

const (
	defaultTTL = 30 * time.Second
	// role is that of members that go before.
	role = "worker"
	// prefix begins the leases of all work.
	prefix = "work/"
)

// Run does the work called name until ctx ends, whenever this process is the one to do
// it: work is called with a context that ends when it no longer is, and again later. Run
// returns nil at the end of ctx, or what work returned otherwise.
func Run(ctx context.Context, name string, o Options, work func(context.Context) error) error {
	if o.TTL <= 0 {
		o.TTL = defaultTTL
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	log := o.Logger.With("work", name)
	again := time.NewTicker(o.TTL / 3)
	defer again.Stop()
	for {
		lease, mine, err := o.begin(ctx, prefix+name)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Debug("nobody knows whose work it is", "err", err)
		case mine:
			log.Info("this process does the work")
			if err := o.hold(ctx, lease, again.C, work); err != nil || ctx.Err() != nil {
				return err
			}
			log.Info("another process does the work")
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// begin gets the lease if it is free and no worker goes before.
func (o Options) begin(ctx context.Context, key string) (l cluster.Lease, mine bool, err error) {
	if waits, err := o.waits(ctx); waits || err != nil {
		return l, false, err
	}
	grant, err := o.Cluster.Leases.Acquire(ctx, key, o.Owner, o.TTL)
	if errors.Is(err, cluster.ErrHeld) {
		return l, false, nil
	}
	return grant.Lease, err == nil, err
}

// waits reports whether the work is another's to do: a worker's.
func (o Options) waits(ctx context.Context) (bool, error) {
	if o.Worker {
		return false, nil
	}
	members, err := o.Cluster.Members.Members(ctx)
	for _, m := range members {
		if m.Role == role && m.ID != o.Owner {
			return true, nil
		}
	}
	return false, err
}

// hold does the work until it fails, the lease is another's, a worker has come, or ctx
// ends; then the lease is free again.
func (o Options) hold(ctx context.Context, l cluster.Lease, tick <-chan time.Time, work func(context.Context) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- work(inner) }()
	for {
		select {
		case err := <-done:
			o.release(ctx, l)
			return ended(err)
		case <-tick:
		}
		if o.keep(ctx, &l) {
			continue
		}
		cancel()
		err := <-done
		o.release(ctx, l)
		return ended(err)
	}
}

// ended is what work returned, unless it is only that it was told to end.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// keep renews the lease and reports whether the work is still this process's. Who does not
// know goes on for as long as nobody else can have it.
func (o Options) keep(ctx context.Context, l *cluster.Lease) bool {
	ctx, cancel := context.WithTimeout(ctx, o.TTL/3)
	defer cancel()
	still, err := o.Cluster.Leases.Renew(ctx, o.TTL, *l)
	switch {
	case err != nil:
		return l.Trusted()
	case len(still) == 0:
		return false
	}
	*l = still[0]
	waits, err := o.waits(ctx)
	return err != nil || !waits
}

// release frees the lease, so that another need not wait for its end.
func (o Options) release(ctx context.Context, l cluster.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := o.Cluster.Leases.Release(ctx, l); err != nil {
		o.Logger.Debug("a lease runs out by itself", "key", l.Key, "err", err)
	}
}
