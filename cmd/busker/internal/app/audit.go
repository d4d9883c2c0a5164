package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"busker/player"
	"busker/store"
)

const (
	// auditBuffer is how many records may wait for the store; what comes beyond is lost
	// and counted in the log, for music does not wait for its audit.
	auditBuffer = 4096
	// auditEvery is how long records wait for others to be kept with.
	auditEvery = time.Second
	// auditBatch is the most records of one transaction.
	auditBatch = 500
	// auditTimeout bounds one transaction.
	auditTimeout = 5 * time.Second
)

// audit keeps who did what: records are taken at once and stored together. While the store
// is away they wait.
type audit struct {
	keeper  auditKeeper
	log     *slog.Logger
	records chan player.Record
	lost    atomic.Int64
	settles chan chan struct{} // to Run: store what waits now
	batch   []store.AuditEntry // taken and not yet stored; Run's
}

// auditKeeper is the store's part for it.
type auditKeeper interface {
	Add(ctx context.Context, entries ...store.AuditEntry) error
}

// readableAudit is an audit that can be read, too.
type readableAudit struct {
	store.Audit
	*audit
}

func newAudit(s auditKeeper, log *slog.Logger) *audit {
	return &audit{keeper: s, log: log, records: make(chan player.Record, auditBuffer), settles: make(chan chan struct{})}
}

// Record implements player.Audit and bot.Audit.
func (a *audit) Record(r player.Record) {
	select {
	case a.records <- r:
	default:
		a.lost.Add(1)
	}
}

// Run stores records until ctx ends, and then those that wait.
func (a *audit) Run(ctx context.Context) error {
	every := time.NewTicker(auditEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			a.flush(ctx)
		case settled := <-a.settles:
			a.flush(ctx)
			close(settled)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditEvery/2)
			defer cancel()
			a.flush(last)
			return nil
		}
	}
}

// settle waits until what was recorded before is stored, or could not be.
func (a *audit) settle(ctx context.Context) {
	settled := make(chan struct{})
	select {
	case a.settles <- settled:
		select {
		case <-settled:
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
}

// flush stores what waits now. What cannot be stored is tried again the next time.
func (a *audit) flush(ctx context.Context) {
	if n := a.lost.Swap(0); n > 0 {
		a.log.Warn("some of what people did is not in the audit log: the store is too slow", "records", n)
	}
	for len(a.batch) > 0 || len(a.records) > 0 {
		for len(a.batch) < auditBatch && len(a.records) > 0 {
			a.batch = append(a.batch, entryOf(<-a.records))
		}
		if err := a.add(ctx); err != nil {
			a.log.Warn("the audit log cannot be written", "entries", len(a.batch)+len(a.records), "err", err)
			return
		}
		a.batch = a.batch[:0]
	}
}

func (a *audit) add(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, auditTimeout)
	defer cancel()
	return a.keeper.Add(ctx, a.batch...)
}

func entryOf(r player.Record) store.AuditEntry {
	return store.AuditEntry{
		Guild: r.Guild, Actor: r.Actor.User, Face: r.Actor.Face, Command: r.Command, Detail: r.Detail, Result: r.Err, At: r.At,
	}
}
