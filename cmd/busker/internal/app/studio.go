package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/audio"
	"busker/cache"
	"busker/cache/loudness"
	"busker/opus/pool"
	"busker/player"
	"busker/studio"
	"busker/track"
)

// openStudio makes the pool of cores, the cache of encoded tracks and the studio.
func (a *App) openStudio() (err error) {
	log, registry := a.opts.Telemetry.Logger(), a.opts.Telemetry.Registry()
	a.pool, err = pool.New(pool.Options{
		Cores:      a.opts.Tuning.Engine.Cores,
		Limit:      a.opts.Tuning.Engine.Limit,
		Complexity: a.opts.Tuning.Opus.Complexity,
		Metrics:    pool.NewMetrics(registry),
	})
	if err != nil {
		return err
	}
	if a.opts.Cache.MaxBytes > 0 {
		if err := a.openCache(); err != nil { // music without it is better than none
			log.Warn("what would be kept is not", "err", err)
		}
	}
	a.studio, err = studio.New(studio.Options{
		Opener: a.sources, Pool: a.pool, Cache: a.cache, Encoder: a.encoder, Backend: a.opts.Tuning.Opus.Backend,
		Logger: log.With("part", "studio"), Metrics: studio.NewMetrics(registry),
	})
	return err
}

// openCache opens what is kept on disk: encoded tracks, and how loud tracks are.
func (a *App) openCache() error {
	dir, err := a.opts.Cache.Folder()
	if err != nil {
		return err
	}
	log := a.opts.Telemetry.Logger().With("part", "cache")
	a.cache, err = cache.New(cache.Options{
		Dir: dir, MaxBytes: a.opts.Cache.MaxBytes, Logger: log, Metrics: cache.NewMetrics(a.opts.Telemetry.Registry()),
	})
	if err != nil {
		a.cache = nil
		return fmt.Errorf("keep encoded tracks: %w", err)
	}
	a.loudness, err = loudness.New(loudness.Options{File: filepath.Join(dir, "loudness"), Logger: log})
	if err != nil {
		a.loudness = nil
		return fmt.Errorf("remember how loud tracks are: %w", err)
	}
	return nil
}

// runStudio runs the studio and what it keeps.
func (a *App) runStudio(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.studio.Run(ctx) })
	if a.cache != nil {
		g.Go(func() error { return a.cache.Run(ctx) })
	}
	if a.loudness != nil {
		g.Go(func() error { return a.loudness.Run(ctx) })
	}
	return g.Wait()
}

// remembered is what the players remember loudness with; nil leaves it to them.
func (a *App) remembered() player.LoudnessMemory {
	if a.loudness == nil {
		return nil
	}
	return a.loudness
}

// opener opens tracks for the players.
type opener struct{ *studio.Studio }

// Open implements player.Opener.
func (o opener) Open(ctx context.Context, t track.Track, at time.Duration, how player.How) (audio.Reader, error) {
	return o.Studio.Open(ctx, t, at, studio.How{Plain: how.Plain, Settings: how.Settings, Bitrate: how.Bitrate})
}
