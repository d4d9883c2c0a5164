package gateway

import (
	"context"
	"fmt"
	"slices"
	"time"

	"busker/cluster"
)

// Overview is how a bot's shards are spread over its processes.
type Overview struct {
	Shards int     // how many there are, 0 before anybody has connected any
	Next   int     // how many there will be; 0 = as many
	Each   []Whose // by number of shards, then by shard
}

// Whose is one shard as the cluster knows it.
type Whose struct {
	Shard, Shards int
	Owner         string        // "" = nobody
	Token         uint64        // of the owner
	Left          time.Duration // until the lease ends unless it is renewed
	Up            bool          // the owner's session has begun
	Active        bool          // its events count: of two sets one is
}

// Look returns how the shards are spread. It may be called from anywhere, also where no
// shard runs.
func Look(ctx context.Context, c *cluster.Cluster) (Overview, error) {
	l, _, ok, err := readLayout(ctx, c.Cache)
	if err != nil {
		return Overview{}, fmt.Errorf("read the number of shards: %w", err)
	}
	held, err := c.Leases.List(ctx, shardsPrefix)
	if err != nil {
		return Overview{}, fmt.Errorf("ask who has which shard: %w", err)
	}
	whose := map[[2]int]Whose{}
	if ok {
		for _, shards := range l.sets() {
			for shard := range shards {
				whose[[2]int{shards, shard}] = Whose{Shard: shard, Shards: shards}
			}
		}
	}
	for _, h := range held {
		if shards, shard, ok := parseShardKey(h.Key); ok {
			n := readNote(h.Note)
			own := n.Token == h.Token // what an earlier owner left is not about this one
			whose[[2]int{shards, shard}] = Whose{
				Shard: shard, Shards: shards, Owner: h.Owner, Token: h.Token, Left: h.Left,
				Up: own && n.Up, Active: own && n.Active,
			}
		}
	}
	o := Overview{Shards: l.Shards, Next: l.Next, Each: make([]Whose, 0, len(whose))}
	for _, w := range whose {
		o.Each = append(o.Each, w)
	}
	slices.SortFunc(o.Each, func(a, b Whose) int {
		if a.Shards != b.Shards {
			return a.Shards - b.Shards
		}
		return a.Shard - b.Shard
	})
	return o, nil
}
