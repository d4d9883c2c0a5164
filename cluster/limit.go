package cluster

import (
	"context"
	"time"
)

// Limit is how often something may happen: once in Every, with up to Burst at once
// after a pause.
type Limit struct {
	Every time.Duration
	Burst int // 0 = 1
}

// Limits holds all processes together to a rate.
type Limits interface {
	// Take takes one of key's turns and returns 0, or takes nothing and returns how
	// long to wait before asking again. Time is the arbiter's. After an error a
	// turn may have been taken.
	Take(ctx context.Context, key string, l Limit) (wait time.Duration, err error)
}
