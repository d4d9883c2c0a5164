package app

import (
	"context"
	"time"

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
		Logger:       log.With("part", "session"),
		Metrics:      session.NewMetrics(registry),
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

// revive has the guilds return that were playing when the last process ended.
func (a *App) revive(ctx context.Context) {
	if err := a.players.Revive(ctx, player.Pace{}); err != nil && ctx.Err() == nil {
		a.opts.Telemetry.Logger().Error("the guilds that were playing do not return", "err", err)
	}
}
