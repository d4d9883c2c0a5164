package app

import (
	"context"
	"log/slog"

	"busker/cluster"
	"busker/gateway"
	"busker/player"
	"busker/store"
)

// Gateway is the app's.
func (a *App) Gateway() *gateway.Gateway { return a.gateway }

// Turns waits for turns of those that all who share limits have.
func Turns(limits cluster.Limits) func(context.Context) error {
	return turns{limits, make(chan struct{}, 1)}.wait
}

// Audit is what carries records to the store.
type Audit struct{ *audit }

// NewAudit returns an Audit that stores with add.
func NewAudit(add func(ctx context.Context, entries ...store.AuditEntry) error) Audit {
	return Audit{newAudit(adder(add), slog.New(slog.DiscardHandler))}
}

type adder func(ctx context.Context, entries ...store.AuditEntry) error

func (a adder) Add(ctx context.Context, entries ...store.AuditEntry) error { return a(ctx, entries...) }

// Settle waits until all recorded before is stored.
func (a Audit) Settle(ctx context.Context) { a.settle(ctx) }

// Record takes a record.
func (a Audit) Record(r player.Record) { a.audit.Record(r) }

// Come has shards come, one after the other, and returns how the last is to be settled.
// settled is whether all before it were.
func Come(ctx context.Context, settled bool, shards ...gateway.Owned) (last gateway.How) {
	t := newTenant(nil)
	for _, o := range shards {
		mine, ours := t.begin(ctx, o)
		if settled {
			t.settled(mine, ours)
		}
		last = ours.owned.How
	}
	return last
}
