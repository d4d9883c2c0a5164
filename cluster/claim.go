package cluster

import (
	"context"
	"time"
)

// Claims decides who does what is to be done once.
type Claims interface {
	// Claim reports whether by is the first to claim key within ttl. Claiming again what
	// one has is being first, too.
	Claim(ctx context.Context, key, by string, ttl time.Duration) (first bool, err error)
}
