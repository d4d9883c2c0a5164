package cluster

import (
	"context"
	"time"
)

// Margin is how long before its expiry the holder of a lease stops to trust it: for
// clocks that run at different speeds, and for what is already on its way out.
// Leases shorter than six margins keep a sixth.
const Margin = 500 * time.Millisecond

// Lease says that Owner alone may act for Key.
//
// Token is the fence: it grows with every grant, over all keys, so that whatever a
// lease protects can refuse an older owner by comparing numbers. It is below 1<<53.
type Lease struct {
	Key   string
	Owner string
	Token uint64

	// TrustedUntil is when the owner has to stop believing in the lease, unless it
	// was renewed: the moment the grant or renewal was asked for, plus the TTL,
	// minus the margin.
	TrustedUntil time.Time
}

// Trusted says whether the lease can be acted on without asking: no other process can
// have been granted it. A process that was stopped meanwhile sees that here, as does
// one whose machine was suspended: the monotonic clock stands still then, and the wall
// clock does not.
func (l Lease) Trusted() bool {
	now := time.Now()
	return now.Before(l.TrustedUntil) && now.Round(0).Before(l.TrustedUntil.Round(0))
}

// TrustedUntil returns when a holder that began to ask at started, for a lease of
// ttl, stops to trust it. A margin of 0 is Margin.
func TrustedUntil(started time.Time, ttl, margin time.Duration) time.Time {
	if margin == 0 {
		margin = Margin
	}
	return started.Add(ttl - min(margin, ttl/6))
}

// Grant is a lease with what its last owner left.
type Grant struct {
	Lease
	Note []byte
}

// Held is a lease as others see it: TrustedUntil is zero.
type Held struct {
	Lease
	Note []byte
	Left time.Duration // until it expires, unless renewed
}

// Leases decides who owns what.
//
// A lease lies with its owner until it is released, transferred, or expired and
// acquired by another. That it merely expired takes nothing from its last owner: a
// renewal brings it back as long as nobody else was granted it. That is what lets
// owners go on after the arbiter was away for longer than the TTL.
//
// Tokens never go back. An arbiter that lost its memory counts on from its clock
// (microseconds since 1970), which is ahead of every token granted before.
type Leases interface {
	// Acquire takes what is free or has expired with a new token. What owner holds
	// already is renewed with its token. What another holds is ErrHeld.
	Acquire(ctx context.Context, key, owner string, ttl time.Duration) (Grant, error)

	// Renew prolongs leases, all in one round trip, and returns those that are still
	// their owners', with a new TrustedUntil. What is missing in still is lost,
	// which is no error. After an error nothing is known: the leases are as trusted
	// as they were.
	Renew(ctx context.Context, ttl time.Duration, leases ...Lease) (still []Lease, err error)

	// Release frees the lease; its note stays for the next owner. Releasing what is
	// no longer held does nothing.
	Release(ctx context.Context, l Lease) error

	// Transfer gives the lease to another owner at once, with a new token; the note
	// stays. It is ErrLost if l is no longer current. The new owner renews the lease
	// before it trusts it. Asking again with the same l and the same new owner
	// returns the same grant.
	Transfer(ctx context.Context, l Lease, to string, ttl time.Duration) (Held, error)

	// Note replaces what the next owner will find. It is ErrLost if l is no longer
	// current. Notes are small (a few hundred bytes), and kept for a week after
	// their lease expired.
	Note(ctx context.Context, l Lease, note []byte) error

	// List returns the leases that are held now and whose keys begin with prefix,
	// by key.
	List(ctx context.Context, prefix string) ([]Held, error)
}
