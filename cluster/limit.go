package cluster

import (
	"context"
	"time"
)

// Limit is a rate: one each Every, and Burst at once after a pause.
type Limit struct {
	Every time.Duration
	Burst int // 0 = 1
}

// Limits counts what all processes do together.
type Limits interface {
	// Take takes one of key's, and returns 0; or takes nothing and returns when to ask
	// again. The clock is the server's.
	Take(ctx context.Context, key string, l Limit) (wait time.Duration, err error)
}
