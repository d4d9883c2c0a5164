package cluster

import (
	"context"
	"time"
)

// Cache is what processes leave for each other. It is shared, not durable: what it
// holds can be made again or done without.
//
// Byte slices belong to the caller, before and after.
type Cache interface {
	// Get returns a value, and whether there is one.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Set keeps a value for ttl; 0 is forever.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Delete removes what is there of keys.
	Delete(ctx context.Context, keys ...string) error
	// Swap sets key to new if it holds old, and says whether it did. A nil old
	// stands for no value; the new one stays forever, and nil removes it. After an
	// error it may have happened.
	Swap(ctx context.Context, key string, old, new []byte) (swapped bool, err error)

	// Table returns all entries of a table; one that does not exist is empty.
	Table(ctx context.Context, table string) (map[string][]byte, error)
	// Put writes entries into a table, where nil removes one and the rest stays,
	// and lets the table live for ttl from now; 0 is forever. The table remembers
	// the highest token that has written it, for at least a week: Put is ErrLost
	// for a lower one. Large puts are written in pieces, each of them fenced; after
	// an error some may be there.
	Put(ctx context.Context, table string, token uint64, entries map[string][]byte, ttl time.Duration) error
	// Drop removes all entries, as Put would; the token is remembered.
	Drop(ctx context.Context, table string, token uint64) error
}
