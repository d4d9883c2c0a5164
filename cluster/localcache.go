package cluster

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"
)

// localCache is the cache of one process.
type localCache struct {
	mu     sync.Mutex
	values map[string]localValue
	tables map[string]*localTable
	sweep  sweep
}

type localValue struct {
	bytes []byte
	until time.Time // zero = forever
}

type localTable struct {
	token   uint64
	entries map[string][]byte
	until   time.Time // of the entries; zero = forever
}

// until is when something with this ttl expires.
func until(now time.Time, ttl time.Duration) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return now.Add(ttl)
}

func expired(now, until time.Time) bool { return !until.IsZero() && !now.Before(until) }

// get returns the value of key, nil if there is none.
func (c *localCache) get(key string) []byte {
	v, ok := c.values[key]
	if !ok || expired(time.Now(), v.until) {
		return nil
	}
	return v.bytes
}

// set keeps a copy of value, which is never nil then.
func (c *localCache) set(key string, value []byte, ttl time.Duration) {
	now := time.Now()
	c.values[key] = localValue{append([]byte{}, value...), until(now, ttl)}
	c.sweep.due(len(c.values), func() int {
		for key, v := range c.values {
			if expired(now, v.until) {
				delete(c.values, key)
			}
		}
		return len(c.values)
	})
}

func (c *localCache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	value := c.get(key)
	return slices.Clone(value), value != nil, nil
}

func (c *localCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(key, value, ttl)
	return nil
}

func (c *localCache) Delete(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		delete(c.values, key)
	}
	return nil
}

func (c *localCache) Swap(ctx context.Context, key string, old, new []byte) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	value := c.get(key)
	if (value == nil) != (old == nil) || !bytes.Equal(value, old) {
		return false, nil
	}
	if new == nil {
		delete(c.values, key)
	} else {
		c.set(key, new, 0)
	}
	return true, nil
}

func (c *localCache) Table(ctx context.Context, table string) (map[string][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entries := map[string][]byte{}
	t := c.tables[table]
	if t == nil || expired(time.Now(), t.until) {
		return entries, nil
	}
	for name, value := range t.entries {
		entries[name] = slices.Clone(value)
	}
	return entries, nil
}

func (c *localCache) Put(ctx context.Context, table string, token uint64, entries map[string][]byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t, err := c.fenced(table, token)
	if err != nil {
		return err
	}
	for name, value := range entries {
		if value == nil {
			delete(t.entries, name)
			continue
		}
		t.entries[name] = append([]byte{}, value...)
	}
	t.until = until(time.Now(), ttl)
	return nil
}

func (c *localCache) Drop(ctx context.Context, table string, token uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t, err := c.fenced(table, token)
	if err != nil {
		return err
	}
	clear(t.entries)
	return nil
}

// fenced returns the table for a writer with this token, and remembers the token.
func (c *localCache) fenced(table string, token uint64) (*localTable, error) {
	t := c.tables[table]
	switch {
	case t == nil:
		t = &localTable{entries: map[string][]byte{}}
		c.tables[table] = t
	case token < t.token:
		return nil, ErrLost
	case expired(time.Now(), t.until):
		clear(t.entries)
	}
	t.token = token
	return t, nil
}
