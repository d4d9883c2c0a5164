package cluster

import (
	"context"
	"time"
)

// Cache keeps values that all processes may read. Values belong to the callers: they are
// copied on the way in and out.
type Cache interface {
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Set keeps a value, for ttl; 0 = for ever.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Delete(ctx context.Context, keys ...string) error
	// Swap replaces old, nil for nothing, by new, and reports whether that is what was
	// there. The value stays for ever.
	Swap(ctx context.Context, key string, old, new []byte) (swapped bool, err error)

	// Table returns all entries of a table, none of one that is not there.
	Table(ctx context.Context, table string) (map[string][]byte, error)
	// Put writes entries of a table, and deletes those whose value is nil. The table lives
	// for ttl from then on. ErrLost when a higher token has written it.
	Put(ctx context.Context, table string, token uint64, entries map[string][]byte, ttl time.Duration) error
	// Drop deletes a table unless a higher token has written it.
	Drop(ctx context.Context, table string, token uint64) error
}
