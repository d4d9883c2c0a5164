package redis

import (
	"context"
	"errors"
	"time"

	"busker/cluster"

	"github.com/redis/go-redis/v9"
)

// cache keeps values and tables.
type cache Redis

// fenceFor is how long a table's token is remembered after its last write.
const fenceFor = 7 * 24 * time.Hour

// Tables are read and written in pieces, so that none takes longer than a timeout.
const (
	pieceBytes   = 256 << 10
	pieceEntries = 512
)

func (s *cache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	ctx = named(ctx, "cache_get")
	value, err := s.rdb.Get(ctx, s.key(key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	return value, err == nil, unreachable(ctx, "read the cache", err)
}

func (s *cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	ctx = named(ctx, "cache_set")
	return unreachable(ctx, "write the cache", s.rdb.Set(ctx, s.key(key), value, ttl).Err())
}

func (s *cache) Delete(ctx context.Context, keys ...string) error {
	ctx = named(ctx, "cache_delete")
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range keys {
			p.Unlink(ctx, s.key(key))
		}
		return nil
	})
	return unreachable(ctx, "delete from the cache", err)
}

func (s *cache) Swap(ctx context.Context, key string, old, new []byte) (bool, error) {
	swapped, err := (*Redis)(s).run(ctx, swapScript, []string{s.key(key)}, old != nil, old, new != nil, new)
	return swapped == int64(1), err
}

func (s *cache) Table(ctx context.Context, table string) (map[string][]byte, error) {
	ctx = named(ctx, "table")
	entries := map[string][]byte{}
	for cursor := uint64(0); ; {
		piece, next, err := s.rdb.HScan(ctx, s.table(table)[0], cursor, "", pieceEntries).Result()
		if err != nil {
			return nil, unreachable(ctx, "read a table", err)
		}
		for i := 0; i+1 < len(piece); i += 2 {
			entries[piece[i]] = []byte(piece[i+1])
		}
		if cursor = next; cursor == 0 {
			return entries, nil
		}
	}
}

func (s *cache) Put(ctx context.Context, table string, token uint64, entries map[string][]byte, ttl time.Duration) error {
	var sets, deletes []any
	size := 0
	for name, value := range entries {
		if value == nil {
			deletes = append(deletes, name)
		} else {
			sets = append(sets, name, value)
		}
		if size += len(name) + len(value); size < pieceBytes && len(sets)/2+len(deletes) < pieceEntries {
			continue
		}
		if err := s.put(ctx, table, token, ttl.Milliseconds(), sets, deletes); err != nil {
			return err
		}
		sets, deletes, size = nil, nil, 0
	}
	return s.put(ctx, table, token, ttl.Milliseconds(), sets, deletes)
}

func (s *cache) Drop(ctx context.Context, table string, token uint64) error {
	return s.put(ctx, table, token, -1, nil, nil)
}

// put writes one piece of a table.
func (s *cache) put(ctx context.Context, table string, token uint64, ttl int64, sets, deletes []any) error {
	args := append([]any{token, max(fenceFor.Milliseconds(), ttl), ttl, len(sets) / 2}, sets...)
	answer, err := (*Redis)(s).run(ctx, putScript, s.table(table), append(args, deletes...)...)
	if err == nil && answer != int64(1) {
		err = cluster.ErrLost
	}
	return err
}

func (s *cache) key(key string) string { return (*Redis)(s).key("cache", key) }

// table returns the names of a table's entries and of its token.
func (s *cache) table(name string) []string {
	r := (*Redis)(s)
	return []string{r.slot("table:"+name, "entries"), r.slot("table:"+name, "token")}
}
