package cluster

import (
	"context"
	"time"
)

// Claims lets one of many do what must be done once: answer an interaction, post a
// notice.
type Claims interface {
	// Claim says whether by was the first to claim key; the claim stands for ttl.
	// Whoever holds the claim is first again when it asks again, so that a call
	// that was repeated after a lost answer is not refused.
	Claim(ctx context.Context, key, by string, ttl time.Duration) (first bool, err error)
}
