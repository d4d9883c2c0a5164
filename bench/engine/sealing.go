package engine

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"busker/emulator/delivery/duet"
	"busker/internal/cores"
)

// Furnish makes keys for n more guilds, so that Grow need not: two meet in a call at a time.
func (e *Engine) Furnish(ctx context.Context, n int) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cores.Count())
	for range (n - len(e.spare) + 1) / 2 {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			ours, theirs, err := duet.New(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				e.spare = append(e.spare, ours, theirs)
			}
			return err
		})
	}
	return group.Wait()
}
