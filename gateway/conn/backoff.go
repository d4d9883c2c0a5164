package conn

import (
	"context"
	"math/rand/v2"
	"time"
)

// maxBackoff caps the pause between two tries.
const maxBackoff = 2 * time.Minute

// Backoff doubles the pause from try to try and spreads it by a quarter either way, so
// that shards cut off together do not come back together.
type Backoff struct {
	First time.Duration
	tries int
}

// Reset has the next pause be a first one.
func (b *Backoff) Reset() { b.tries = 0 }

// Next returns the pause before the next try.
func (b *Backoff) Next() time.Duration {
	d := min(b.First<<min(b.tries, 16), maxBackoff)
	b.tries++
	return d*3/4 + rand.N(d/2+1)
}

// Wait pauses, or returns ctx's error.
func (b *Backoff) Wait(ctx context.Context) error { return pause(ctx, b.Next()) }

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
