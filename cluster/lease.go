package cluster

import (
	"context"
	"time"
)

// Lease is the right to do something alone, for a time.
type Lease struct {
	Key, Owner string
	// Token is the number of the grant. It grows over all leases there are: of two grants
	// of anything the later has the higher token.
	Token uint64
	// TrustedUntil is until when the owner may act without asking: when the attempt was
	// begun, plus the time to live, less a margin. It is monotonic; zero = never.
	TrustedUntil time.Time
}

// Trusted reports whether the owner may still act without asking.
func (l Lease) Trusted() bool { return time.Now().Before(l.TrustedUntil) }

// Grant is a lease one has got, and what its last owner left.
type Grant struct {
	Lease
	Note []byte // nil = nothing
}

// Held is a lease as others see it: TrustedUntil is zero.
type Held struct {
	Lease
	Note []byte
	Left time.Duration // until it ends unless it is renewed
}

// Leases grants leases.
type Leases interface {
	// Acquire gets a lease that is free, with a new token, or one's own again, with the
	// token it has. Another's is ErrHeld.
	Acquire(ctx context.Context, key, owner string, ttl time.Duration) (Grant, error)
	// Renew prolongs leases, all in one round trip, and returns those that are still
	// held. What is missing is lost.
	Renew(ctx context.Context, ttl time.Duration, leases ...Lease) (still []Lease, err error)
	// Release gives a lease up. Its note stays. What is no longer held is no error.
	Release(ctx context.Context, l Lease) error
	// Transfer makes another the owner, with a new token. The note stays.
	Transfer(ctx context.Context, l Lease, to string, ttl time.Duration) (Held, error)
	// Note leaves a note for the next owner; ErrLost when l is no longer held.
	Note(ctx context.Context, l Lease, note []byte) error
	// List returns the leases held now whose key begins with prefix, by key.
	List(ctx context.Context, prefix string) ([]Held, error)
}
