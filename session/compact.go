package session

import (
	"context"
	"time"

	"busker/internal/snowflake"
	"busker/queue"
)

// compactAgain is the pause after a compaction that failed. Nothing is lost meanwhile:
// the log is longer than it need be.
const compactAgain = time.Second

// runCompaction replaces logs by the States that were handed over, one at a time, beside
// the saving of changes.
func (k *Keeper) runCompaction(ctx context.Context) {
	for {
		select {
		case <-k.compact:
		case <-ctx.Done():
			return
		}
		for guild, state, ok := k.dueNow(); ok && ctx.Err() == nil; guild, state, ok = k.dueNow() {
			if err := k.compactOne(ctx, guild, state); err != nil && ctx.Err() == nil {
				k.dueAgain(guild, state)
				k.failed("the log of a queue could not be replaced", err)
				pause(ctx, compactAgain)
			}
		}
	}
}

func (k *Keeper) compactOne(ctx context.Context, guild snowflake.ID, state queue.State) error {
	if err := k.replace(ctx, guild, state); err != nil {
		return err
	}
	k.opts.Metrics.compactions.Inc()
	return nil
}

// dueNow takes one of the States that wait.
func (k *Keeper) dueNow() (snowflake.ID, queue.State, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for guild, state := range k.due {
		delete(k.due, guild)
		return guild, state, true
	}
	return 0, queue.State{}, false
}

// dueAgain puts a State back unless a newer one has come.
func (k *Keeper) dueAgain(guild snowflake.ID, state queue.State) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, newer := k.due[guild]; !newer {
		k.due[guild] = state
	}
}
