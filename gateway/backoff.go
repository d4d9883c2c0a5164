package gateway

import (
	"context"
	"math/rand/v2"
	"time"
)

// maxBackoff caps the pause between two tries.
const maxBackoff = 2 * time.Minute

// backoff doubles the pause from try to try and spreads it by a quarter either
// way, so that shards cut off together do not come back together.
type backoff struct {
	first time.Duration
	tries int
}

func (b *backoff) reset() { b.tries = 0 }

// next returns the pause before the next try.
func (b *backoff) next() time.Duration {
	d := min(b.first<<min(b.tries, 16), maxBackoff)
	b.tries++
	return d*3/4 + rand.N(d/2+1)
}

// wait pauses, or returns ctx's error.
func (b *backoff) wait(ctx context.Context) error { return pause(ctx, b.next()) }

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
