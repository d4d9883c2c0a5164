package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"busker/cluster"
	"busker/internal/snowflake"
)

// Directory tells which process serves a guild. It may be asked from anywhere, also by
// processes without shards, and by many at a time; what it tells may be a second old.
type Directory struct {
	Cluster *cluster.Cluster

	mu     sync.Mutex
	read   time.Time
	layout layout
	owners map[int]cluster.Held // by shard
}

// directoryAge is how old an answer of a Directory may be.
const directoryAge = time.Second

// Owner returns the member that serves guild, its fencing token and the guild's shard.
// The member is "" while nobody owns the shard; shards is 0 before anybody has
// connected any.
func (d *Directory) Owner(ctx context.Context, guild snowflake.ID) (member string, token uint64, shard, shards int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.read.IsZero() || time.Since(d.read) >= directoryAge {
		if err := d.refresh(ctx); err != nil {
			return "", 0, 0, 0, fmt.Errorf("look up who serves guild %s: %w", guild, err)
		}
	}
	if d.layout.Shards == 0 {
		return "", 0, 0, 0, nil
	}
	shard = shardNumber(guild, d.layout.Shards)
	held := d.owners[shard]
	return held.Owner, held.Token, shard, d.layout.Shards, nil
}

// Forget makes the next Owner ask the cluster: what it told turned out to be old.
func (d *Directory) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = time.Time{}
}

// refresh reads all owners; the caller holds the lock.
func (d *Directory) refresh(ctx context.Context) error {
	began := time.Now()
	l, _, ok, err := readLayout(ctx, d.Cluster.Cache)
	if err != nil {
		return err
	}
	owners := map[int]cluster.Held{}
	if ok {
		held, err := d.Cluster.Leases.List(ctx, fmt.Sprintf("%s%d/", shardsPrefix, l.Shards))
		if err != nil {
			return err
		}
		for _, h := range held {
			if shards, shard, ok := parseShardKey(h.Key); ok && shards == l.Shards {
				owners[shard] = h
			}
		}
	}
	d.layout, d.owners, d.read = l, owners, began
	return nil
}
