// Package cluster is what the processes of one bot agree on: who owns what, who is
// there, what was already answered, how fast all of them together may ask, and what
// they tell each other.
//
// It knows neither Discord nor music: keys, owners and bodies are the callers'.
// Everything here is an interface with two implementations behind one conformance
// suite (cluster/clustertest): Local for all roles in one process, and
// cluster/redis for many.
//
// Redis being out of reach is a normal state, not a crash: every call returns within
// its context's deadline, as ErrUnreachable, and works again by itself afterwards.
// Callers go on with what they own and take nothing new.
package cluster

import (
	"context"
	"errors"
	"time"

	"busker/internal/fault"
)

// How calls fail. They are found with errors.Is; everything else that is returned is
// a mistake of the caller or a bug.
var (
	// ErrHeld: another owner has the lease.
	ErrHeld = errors.New("held by another process")
	// ErrLost: the lease, or the table, belongs to a newer token.
	ErrLost = errors.New("lost to another process")
	// ErrUnreachable: whoever keeps the agreement does not answer, or cannot take
	// anything in. What was asked may have happened or not. Whoever asked because
	// of a person can show it: it is a fault of kind Unavailable.
	ErrUnreachable = fault.New(fault.Unavailable, "Another part of the bot cannot be reached right now.")
)

// Cluster is everything processes agree on. Its parts may be used by any number of
// goroutines.
type Cluster struct {
	Leases  Leases
	Members Members
	Claims  Claims
	Limits  Limits
	Cache   Cache
	Bus     Bus
	Health  Health
}

// Health tells whether the agreement can be reached, for readiness, `busker doctor`
// and for rules such as "take nothing new".
type Health interface {
	// Reachable says whether the last calls were answered. It asks nobody, and is
	// cheap enough for every command.
	Reachable() bool
	// Ping asks, and returns how long the answer took.
	Ping(ctx context.Context) (time.Duration, error)
	// Facts returns what an operator wants to know of the server: version, mode,
	// memory, persistence. Keys and values are for people; secrets are not among
	// them.
	Facts(ctx context.Context) (map[string]string, error)
}
