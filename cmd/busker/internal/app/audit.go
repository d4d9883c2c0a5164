package app

import (
	"context"
	"log/slog"
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
)

// audit keeps who did what: records are taken at once and stored together.
type audit struct {
	store.Audit
	log     *slog.Logger
	records chan player.Record
	lost    chan struct{} // holds one: some were
}

func newAudit(s store.Audit, log *slog.Logger) *audit {
	return &audit{Audit: s, log: log, records: make(chan player.Record, auditBuffer), lost: make(chan struct{}, 1)}
}

// Record implements player.Audit and bot.Audit.
func (a *audit) Record(r player.Record) {
	select {
	case a.records <- r:
	default:
		select {
		case a.lost <- struct{}{}:
		default:
		}
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
		case <-a.lost:
			a.log.Warn("some of what people did is not in the audit log: the store is too slow")
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditEvery/2)
			defer cancel()
			a.flush(last)
			return nil
		}
	}
}

// flush stores what waits now.
func (a *audit) flush(ctx context.Context) {
	for len(a.records) > 0 {
		var entries []store.AuditEntry
		for len(entries) < auditBatch && len(a.records) > 0 {
			entries = append(entries, entryOf(<-a.records))
		}
		if err := a.Add(ctx, entries...); err != nil {
			a.log.Warn("the audit log cannot be written", "entries", len(entries), "err", err)
			return
		}
	}
}

func entryOf(r player.Record) store.AuditEntry {
	return store.AuditEntry{
		Guild: r.Guild, Actor: r.Actor.User, Face: r.Actor.Face, Command: r.Command, Detail: r.Detail, Result: r.Err, At: r.At,
	}
}
