package app

import (
	"context"
	"time"

	"busker/internal/snowflake"
	"busker/player"
	"busker/session"
)

// flushTimeout is what the last changes of the players have to reach the store: a bit
// less than the keeper's share of a stop.
const flushTimeout = 1800 * time.Millisecond

// openMemory makes what carries the players' changes to the store.
func (a *App) openMemory() (err error) {
	if a.opts.Store == nil {
		return nil
	}
	log, registry := a.opts.Telemetry.Logger(), a.opts.Telemetry.Registry()
	a.keeper, err = session.New(session.Options{
		Store:        a.opts.Store.Sessions(),
		FlushTimeout: flushTimeout,
		Token:        a.token,
		OnFenced: func(guild snowflake.ID) {
			a.players.Release(func(other snowflake.ID) bool { return other == guild })
		},
		Logger:  log.With("part", "session"),
		Metrics: session.NewMetrics(registry),
	})
	return err
}

// memory is where players keep what outlives them, nil without a store.
func (a *App) memory() player.Memory {
	if a.keeper == nil {
		return nil
	}
	return a.keeper
}

// runMemory runs the keeper, if there is one.
func (a *App) runMemory(ctx context.Context) error {
	if a.keeper == nil {
		<-ctx.Done()
		return nil
	}
	return a.keeper.Run(ctx)
}
