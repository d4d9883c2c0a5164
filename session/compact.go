package session

import (
	"context"
	"errors"
	"time"

	"busker/internal/snowflake"
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
		for guild, w, ok := k.dueNow(); ok && ctx.Err() == nil; guild, w, ok = k.dueNow() {
			if err := k.compactOne(ctx, guild, w); err != nil && ctx.Err() == nil {
				k.dueAgain(guild, w)
				k.failed("the log of a queue could not be replaced", err)
				pause(ctx, compactAgain)
			}
		}
	}
}

func (k *Keeper) compactOne(ctx context.Context, guild snowflake.ID, w whole) error {
	err := k.replace(ctx, guild, w)
	if errors.Is(err, ErrFenced) {
		if k.token(guild) <= w.token { // or else the guild went and came back, and w is history
			k.lose(claim{guild, w.token})
		}
		return nil
	}
	if err != nil {
		return err
	}
	k.opts.Metrics.compactions.Inc()
	return nil
}

// dueNow takes one of the States that wait.
func (k *Keeper) dueNow() (snowflake.ID, whole, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for guild, w := range k.due {
		delete(k.due, guild)
		return guild, w, true
	}
	return 0, whole{}, false
}

// dueAgain puts a State back unless a newer one has come.
func (k *Keeper) dueAgain(guild snowflake.ID, w whole) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, newer := k.due[guild]; !newer {
		k.due[guild] = w
	}
}
