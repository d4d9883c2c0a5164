package app

import (
	"context"
	"log/slog"

	"busker/gateway"
	"busker/player"
	"busker/store"
)

// Gateway is the app's.
func (a *App) Gateway() *gateway.Gateway { return a.gateway }

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

// Come has a shard come in some ways, one after the other, and returns how the last is to
// be settled. settled is whether all before it were.
func Come(ctx context.Context, settled bool, hows ...gateway.How) (last gateway.How) {
	t := newTenant(nil)
	for _, how := range hows {
		mine, ours := t.begin(ctx, gateway.Owned{Shard: 1, Shards: 4, How: how})
		if settled {
			t.settled(mine, ours)
		}
		last = ours.owned.How
	}
	return last
}
