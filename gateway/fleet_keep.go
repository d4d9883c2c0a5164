package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busker/cluster"
)

// keep renews all leases at once. Nothing else is done in its time: in a cluster that is
// slow each call takes a good part of what leases live.
func (f *Fleet) keep(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, f.opts.TTL/3)
	defer cancel()
	if err := f.renew(attempt); err != nil {
		f.log.Debug("leases are not renewed", "err", err)
	}
}

// meet says that this process is there, and looks who else is.
func (f *Fleet) meet(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, f.opts.TTL/3)
	defer cancel()
	err := f.c.Members.Announce(attempt, f.self(), f.opts.TTL)
	f.reached(ctx, err)
	if err == nil {
		looking, cancel := context.WithTimeout(ctx, f.opts.TTL*2/3)
		defer cancel()
		f.look(looking)
	}
}

// reached tells once when the cluster is out of reach, and when it is back.
func (f *Fleet) reached(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !f.cutOff:
		f.cutOff = true
		f.log.Warn("the cluster cannot be reached: shards that run here go on, and none is taken", "err", err)
	case err == nil && f.cutOff:
		f.cutOff = false
		f.log.Info("the cluster can be reached again")
		f.rewrite()
	}
}

// rewrite has all shards keep everything anew. A cluster that was out of reach may have
// lost some of it: a replica that took over has not heard of the newest.
func (f *Fleet) rewrite() {
	for _, h := range f.holdings() {
		h.runner.Rewrite()
	}
}

// look reads who else is there.
func (f *Fleet) look(ctx context.Context) {
	f.lookUp(ctx)
	members, err := f.c.Members.Members(ctx)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view.members = members
}

// lookUp reads the layout, and reports whether it could.
func (f *Fleet) lookUp(ctx context.Context) bool {
	l, written, ok, err := readLayout(ctx, f.c.Cache)
	if err != nil {
		return false
	}
	f.mu.Lock()
	now := f.layout
	f.mu.Unlock()
	if now.Shards == 0 { // nothing is agreed on so far
		return false
	}
	if !ok || l.precedes(now) { // the cluster has lost it
		f.restoreLayout(ctx, written)
		return true
	}
	f.setLayout(l, written)
	return true
}

// restoreLayout writes what we go by into a cluster that has forgotten it.
func (f *Fleet) restoreLayout(ctx context.Context, written []byte) {
	f.mu.Lock()
	l := f.layout
	f.mu.Unlock()
	l.Memory = rand.Text()
	if _, err := swapLayout(ctx, f.c.Cache, written, l); err != nil {
		f.log.Debug("the number of shards is not written anew", "err", err)
	}
}

// renew asks for all leases together. It must not be called by two at a time.
func (f *Fleet) renew(ctx context.Context) error {
	if err := f.revalidate.enter(ctx); err != nil {
		return err
	}
	defer f.revalidate.leave()
	return f.renewAll(ctx)
}

func (f *Fleet) renewAll(ctx context.Context) error {
	holdings := f.holdings()
	if len(holdings) == 0 {
		return nil
	}
	leases := make([]cluster.Lease, len(holdings))
	trusted := make([]bool, len(holdings))
	for i, h := range holdings {
		leases[i] = h.Lease()
		trusted[i] = leases[i].Trusted()
	}
	still, err := f.c.Leases.Renew(ctx, f.opts.TTL, leases...)
	if err != nil {
		return err
	}
	if slices.Contains(trusted, false) && !f.lookAgain(ctx) {
		return cluster.ErrUnreachable
	}
	renewed := make(map[string]cluster.Lease, len(still))
	for _, l := range still {
		renewed[l.Key] = l
	}
	for i, h := range holdings {
		switch l, ok := renewed[h.key]; {
		case ok && (trusted[i] || f.present(h)):
			h.setLease(l)
		case ok: // it had expired, and the shards of another set may have begun: it has to go
		case h.leaving.Load(), h.over.Load(), h.Lease().Token != leases[i].Token: // somebody else sees to it
		default:
			f.missed(ctx, h)
		}
	}
	return nil
}

// lookAgain reads the layout after what may have expired was renewed: whoever begins to
// serve with another set later has seen the renewal. It has a time of its own.
func (f *Fleet) lookAgain(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.opts.TTL/3)
	defer cancel()
	return f.lookUp(ctx)
}

// holdings returns what runs here and is ours, by key.
func (f *Fleet) holdings() []*Holding {
	f.mu.Lock()
	defer f.mu.Unlock()
	var hs []*Holding
	for _, h := range f.held {
		if h.runner != nil && !h.over.Load() {
			hs = append(hs, h)
		}
	}
	slices.SortFunc(hs, func(a, b *Holding) int { return strings.Compare(a.key, b.key) })
	return hs
}

// missed sees to a lease that expired: this process could not reach the cluster, or
// did not run. Where nobody took it meanwhile it is taken back, and all goes on.
func (f *Fleet) missed(ctx context.Context, h *Holding) {
	old := h.Lease()
	grant, err := f.c.Leases.Acquire(ctx, h.key, f.opts.Process, f.opts.TTL)
	switch {
	case errors.Is(err, cluster.ErrHeld):
		f.lose(h, cluster.ErrLost)
	case err != nil || !f.lookAgain(ctx): // out of reach again; until then it is not trusted
	case f.present(h) && f.untouched(h, old, grant):
		h.setLease(grant.Lease)
		f.log.Info("lease taken back", "shard", h.shard, "shards", h.shards, "grant", grant.Token)
		if err := h.mark(ctx, func(*note) {}); err != nil {
			f.log.Debug("the note follows", "err", err)
		}
		h.runner.Rewrite()
		f.tellOwned(h, Kept)
	default:
		if err := f.c.Leases.Release(ctx, grant.Lease); err != nil {
			f.log.Debug("a lease is left to expire", "shard", h.shard, "err", err)
		}
		f.lose(h, cluster.ErrLost)
	}
}

// untouched reports whether nobody had h's lease after us: every owner writes a note
// before it does anything else. A cluster that lost its memory has no note; then a
// session that still runs tells that nobody resumed it.
func (f *Fleet) untouched(h *Holding, old cluster.Lease, grant cluster.Grant) bool {
	if len(grant.Note) == 0 {
		return h.up.Load()
	}
	return readNote(grant.Note).Token == old.Token
}

// validate renews the leases for those who may not trust h's any more. Many may wait,
// and one renewal does for all.
func (f *Fleet) validate(ctx context.Context, h *Holding) error {
	ctx, cancel := context.WithTimeout(ctx, f.opts.TTL/3)
	defer cancel()
	if err := f.revalidate.enter(ctx); err != nil {
		return fmt.Errorf("%w: %w", cluster.ErrUnreachable, err)
	}
	defer f.revalidate.leave()
	if !h.over.Load() && !h.Lease().Trusted() {
		if err := f.renewAll(ctx); err != nil {
			return err
		}
	}
	switch trusted := h.Lease().Trusted(); {
	case h.over.Load(), !trusted && !f.present(h):
		return cluster.ErrLost
	case !trusted:
		return cluster.ErrUnreachable
	}
	return nil
}

// lose stops h, which is another's from now on, without ending Discord's session.
func (f *Fleet) lose(h *Holding, why error) {
	if h.over.Swap(true) {
		return
	}
	f.log.Warn("shard lost", "shard", h.shard, "shards", h.shards, "grant", h.Lease().Token, "err", why)
	h.cancel(why)
}

// tellOwned has h's goroutine tell of a shard that is up and counts.
func (f *Fleet) tellOwned(h *Holding, how How) {
	select {
	case h.news <- how:
	default: // as much is on its way already
	}
}

// settled reports whether those who started with this process had time to say so, so
// that they share the shards.
func (f *Fleet) settled() bool {
	return f.opts.Alone || time.Since(f.started) >= f.opts.TTL/6
}

func (f *Fleet) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}
