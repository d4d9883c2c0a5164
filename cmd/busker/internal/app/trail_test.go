package app_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/internal/bubble"
	"busker/player"
	"busker/store"
)

// TestTheAuditWaitsForTheStore: nothing is lost while that is away, and the order is kept.
func TestTheAuditWaitsForTheStore(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		start := time.Now()
		var kept []store.AuditEntry
		a := app.NewAudit(func(_ context.Context, entries ...store.AuditEntry) error {
			if time.Since(start) < time.Minute {
				return errors.New("no disk")
			}
			kept = append(kept, entries...)
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = a.Run(ctx) })
		const records = 1200
		for i := range records {
			a.Record(player.Record{Command: strconv.Itoa(i)})
			<-time.After(10 * time.Millisecond)
		}
		<-time.After(time.Minute)
		a.Record(player.Record{Command: strconv.Itoa(records)})
		a.Settle(ctx)
		if len(kept) != records+1 {
			t.Fatalf("%d of %d records were kept", len(kept), records+1)
		}
		for i, e := range kept {
			if e.Command != strconv.Itoa(i) {
				t.Fatalf("record %d is %s", i, e.Command)
			}
		}
		cancel()
		running.Wait()
	})
}
