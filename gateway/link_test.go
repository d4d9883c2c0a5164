package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"busker/cluster"
)

// link is a process's way to the cluster: it can be cut, and the process can be stopped
// on it like by SIGSTOP.
type link struct {
	cut     atomic.Bool
	silent  atomic.Bool  // renewals are not answered
	deaf    atomic.Bool  // of orders only offers arrive
	slow    atomic.Int64 // how long every call takes
	mu      sync.Mutex
	stopped chan struct{} // nil while the process runs; closed when it goes on
}

func (l *link) pass() error {
	l.mu.Lock()
	stopped := l.stopped
	l.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
	pass(time.Duration(l.slow.Load())) // in the bubble: nobody waits
	if l.cut.Load() {
		return fmt.Errorf("cut: %w", cluster.ErrUnreachable)
	}
	return nil
}

func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = make(chan struct{})
}

func (l *link) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped != nil {
		close(l.stopped)
		l.stopped = nil
	}
}

// through returns c as seen over l.
func (l *link) through(c *cluster.Cluster) *cluster.Cluster {
	over := *c
	over.Leases = linkedLeases{c.Leases, l}
	over.Members = linkedMembers{c.Members, l}
	over.Limits = linkedLimits{c.Limits, l}
	over.Cache = linkedCache{c.Cache, l}
	if c.Bus != nil {
		over.Bus = linkedBus{c.Bus, l}
	}
	return &over
}

type linkedLeases struct {
	cluster.Leases
	l *link
}

func (k linkedLeases) Acquire(ctx context.Context, key, owner string, ttl time.Duration) (cluster.Grant, error) {
	if err := k.l.pass(); err != nil {
		return cluster.Grant{}, err
	}
	return k.Leases.Acquire(ctx, key, owner, ttl)
}

func (k linkedLeases) Renew(ctx context.Context, ttl time.Duration, leases ...cluster.Lease) ([]cluster.Lease, error) {
	if k.l.silent.Load() {
		<-ctx.Done()
		return nil, fmt.Errorf("silence: %w", cluster.ErrUnreachable)
	}
	if err := k.l.pass(); err != nil {
		return nil, err
	}
	return k.Leases.Renew(ctx, ttl, leases...)
}

func (k linkedLeases) Release(ctx context.Context, l cluster.Lease) error {
	if err := k.l.pass(); err != nil {
		return err
	}
	return k.Leases.Release(ctx, l)
}

func (k linkedLeases) Transfer(ctx context.Context, l cluster.Lease, to string, ttl time.Duration) (cluster.Held, error) {
	if err := k.l.pass(); err != nil {
		return cluster.Held{}, err
	}
	return k.Leases.Transfer(ctx, l, to, ttl)
}

func (k linkedLeases) Note(ctx context.Context, l cluster.Lease, note []byte) error {
	if err := k.l.pass(); err != nil {
		return err
	}
	return k.Leases.Note(ctx, l, note)
}

func (k linkedLeases) List(ctx context.Context, prefix string) ([]cluster.Held, error) {
	if err := k.l.pass(); err != nil {
		return nil, err
	}
	return k.Leases.List(ctx, prefix)
}

type linkedMembers struct {
	members cluster.Members
	l       *link
}

func (k linkedMembers) Members(ctx context.Context) ([]cluster.Member, error) {
	if err := k.l.pass(); err != nil {
		return nil, err
	}
	return k.members.Members(ctx)
}

func (k linkedMembers) Announce(ctx context.Context, m cluster.Member, ttl time.Duration) error {
	if err := k.l.pass(); err != nil {
		return err
	}
	return k.members.Announce(ctx, m, ttl)
}

func (k linkedMembers) Resign(ctx context.Context, id string) error {
	if err := k.l.pass(); err != nil {
		return err
	}
	return k.members.Resign(ctx, id)
}

type linkedLimits struct {
	cluster.Limits
	l *link
}

func (k linkedLimits) Take(ctx context.Context, key string, limit cluster.Limit) (time.Duration, error) {
	if err := k.l.pass(); err != nil {
		return 0, err
	}
	return k.Limits.Take(ctx, key, limit)
}

type linkedCache struct {
	cluster.Cache
	l *link
}

func (k linkedCache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := k.l.pass(); err != nil {
		return nil, false, err
	}
	return k.Cache.Get(ctx, key)
}

type linkedBus struct {
	cluster.Bus
	l *link
}

func (k linkedBus) Request(ctx context.Context, topic string, m cluster.Message) ([]byte, error) {
	if err := k.l.pass(); err != nil {
		return nil, err
	}
	return k.Bus.Request(ctx, topic, m)
}

func (k linkedBus) Serve(ctx context.Context, topic string, s cluster.Server) error {
	handle := s.Handle
	s.Handle = func(ctx context.Context, m cluster.Message) ([]byte, error) {
		if err := k.l.pass(); err != nil {
			return nil, err
		}
		if k.l.deaf.Load() && !bytes.Contains(m.Body, []byte(`"offer":true`)) {
			return nil, cluster.ErrUnreachable
		}
		return handle(ctx, m)
	}
	return k.Bus.Serve(ctx, topic, s)
}

// wire is a bus that only carries requests, and loses none.
type wire struct {
	cluster.Bus
	mu sync.Mutex
	to map[string]cluster.Server
}

func (w *wire) Request(ctx context.Context, topic string, m cluster.Message) ([]byte, error) {
	w.mu.Lock()
	s, ok := w.to[topic]
	w.mu.Unlock()
	if !ok {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Handle(ctx, m)
}

func (w *wire) Serve(ctx context.Context, topic string, s cluster.Server) error {
	w.mu.Lock()
	w.to[topic] = s
	w.mu.Unlock()
	<-ctx.Done()
	w.mu.Lock()
	delete(w.to, topic)
	w.mu.Unlock()
	return ctx.Err()
}
