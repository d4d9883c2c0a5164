// Package cluster is what the processes of one bot agree on: who does what alone
// (leases), who is there (members), who answers (claims), how fast (limits), what all
// may read (cache), and what they tell each other (bus).
//
// It knows no shards, guilds or players: keys and bodies are the callers'. Local is the
// version for one process; cluster/redis the one for many. Both pass clustertest. All
// methods may be called from any goroutine and end with their context.
package cluster

import (
	"context"
	"errors"
	"time"
)

// Cluster is all of it. The fields are set once and never nil.
type Cluster struct {
	Leases  Leases
	Members Members
	Claims  Claims
	Limits  Limits
	Cache   Cache
	Bus     Bus
	Health  Health
}

// What callers tell apart, with errors.Is.
var (
	// ErrHeld means that somebody else has the lease.
	ErrHeld = errors.New("held by another")
	// ErrLost means that a token is no longer current: somebody else has had the lease
	// since, or has written with a higher token.
	ErrLost = errors.New("lost to another")
	// ErrUnreachable means that nobody knows: the server did not answer, or answered that
	// it cannot at the moment. What was asked for may or may not have been done.
	ErrUnreachable = errors.New("the cluster cannot be reached")
)

// Health tells how the server is.
type Health interface {
	// Reachable reports whether the newest calls were answered. It never waits.
	Reachable() bool
	// Ping asks the server for a sign of life.
	Ping(ctx context.Context) (time.Duration, error)
	// Facts are what operators want to know of it, by name.
	Facts(ctx context.Context) (map[string]string, error)
}
