package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"busker/cluster"
	"busker/internal/fault"
	"busker/internal/snowflake"
)

// layout is what all processes agree on: into how many shards the guilds are divided.
// While Next is set, a second set of that many connects beside the first.
type layout struct {
	Shards int `json:"shards"`
	Next   int `json:"next,omitempty"`
	// Memory names the memory of the cluster that has it: another one when all was
	// forgotten and the layout written anew.
	Memory string `json:"memory,omitempty"`
	// Order counts the orders to reshard. The set of Next is of the newest, that of Shards
	// of Since: so a set is told from an earlier one of as many shards.
	Order int `json:"order,omitempty"`
	Since int `json:"since,omitempty"`
}

// ordered is l once it was ordered to go over to so many shards.
func (l layout) ordered(shards int) layout {
	switch shards {
	case l.Next: // under way
	case l.Shards:
		l.Next = 0
	default:
		l.Next, l.Order = shards, l.Order+1
	}
	return l
}

// done is l once the next set has replaced the present one.
func (l layout) done() layout {
	l.Shards, l.Next, l.Since = l.Next, 0, l.Order
	return l
}

// set tells a set of so many shards from those before it, 0 where there is none.
func (l layout) set(shards int) int {
	switch shards {
	case l.Shards:
		return l.Since
	case l.Next:
		return l.Order
	}
	return 0
}

// current reports whether a set of so many shards is connected, or to be: those before it
// are not. What is newer than all l tells of is.
func (l layout) current(shards, set int) bool { return l.has(shards) && set >= l.set(shards) }

// precedes reports whether l is what has been replaced by now: the cluster has fallen back,
// or was asked before another answer came.
func (l layout) precedes(now layout) bool {
	return l.Memory == now.Memory && (l.Order < now.Order || l.Since < now.Since)
}

// layoutKey is where the layout lies in the cluster's cache.
const layoutKey = "layout"

// maxShards bounds the number of shards: a bot of 16 million guilds has as many.
const maxShards = 16_384

// valid reports whether l may be used.
func (l layout) valid() bool {
	return l.Shards > 0 && l.Shards <= maxShards && l.Next >= 0 && l.Next <= maxShards && l.Next != l.Shards
}

// forgotten reports whether the cluster has lost what it was told since before.
func (l layout) forgotten(before layout) bool {
	return before.Memory != "" && l.Memory != before.Memory
}

// sets are the numbers of shards that are to be connected.
func (l layout) sets() []int {
	if l.Next == 0 {
		return []int{l.Shards}
	}
	return []int{l.Shards, l.Next}
}

// has reports whether a set of so many shards is to be connected.
func (l layout) has(shards int) bool { return shards == l.Shards || shards == l.Next && shards != 0 }

// readLayout returns the layout and how it is written; ok is false when there is none.
func readLayout(ctx context.Context, c cluster.Cache) (l layout, written []byte, ok bool, err error) {
	written, ok, err = c.Get(ctx, layoutKey)
	if err != nil || !ok {
		return layout{}, nil, false, err
	}
	if json.Unmarshal(written, &l) == nil && l.valid() {
		return l, written, true, nil
	}
	return layout{}, written, false, nil // damaged, and to be written anew
}

// swapLayout replaces what was written before; false when somebody else was faster.
func swapLayout(ctx context.Context, c cluster.Cache, written []byte, l layout) (bool, error) {
	value, err := json.Marshal(l)
	if err != nil {
		return false, err
	}
	if bytes.Equal(written, value) {
		return true, nil
	}
	return c.Swap(ctx, layoutKey, written, value)
}

// Reshard asks the cluster to go over to another number of shards, or, with the
// number there is, to give up going over to another one. The processes that run
// shards do the rest.
func Reshard(ctx context.Context, c *cluster.Cluster, shards int) error {
	if shards < 1 || shards > maxShards {
		return fault.Newf(fault.Invalid, "A bot has between 1 and %d shards.", maxShards)
	}
	for {
		l, written, ok, err := readLayout(ctx, c.Cache)
		switch {
		case err != nil:
			return fmt.Errorf("read the number of shards: %w", err)
		case !ok:
			return fault.New(fault.NotFound, "No process has connected any shards so far.")
		}
		swapped, err := swapLayout(ctx, c.Cache, written, l.ordered(shards))
		if err != nil {
			return fmt.Errorf("set the number of shards: %w", err)
		}
		if swapped {
			return nil
		}
	}
}

// shardKey is the lease of a shard.
func shardKey(shards, shard int) string {
	return "shard/" + strconv.Itoa(shards) + "/" + strconv.Itoa(shard)
}

// shardsPrefix begins the leases of all shards, of any number of them.
const shardsPrefix = "shard/"

// parseShardKey reads the lease of a shard.
func parseShardKey(key string) (shards, shard int, ok bool) {
	of, n, ok := strings.Cut(strings.TrimPrefix(key, shardsPrefix), "/")
	if !ok || !strings.HasPrefix(key, shardsPrefix) {
		return 0, 0, false
	}
	shards, err := strconv.Atoi(of)
	if err != nil || shards < 1 || shards > maxShards {
		return 0, 0, false
	}
	shard, err = strconv.Atoi(n)
	return shards, shard, err == nil && shard >= 0 && shard < shards
}

// shardNumber is Discord's formula: (guild_id >> 22) % shards.
func shardNumber(guild snowflake.ID, shards int) int { return int(uint64(guild>>22) % uint64(shards)) }

// overlap reports whether two shards of different sets can serve the same guild.
func overlap(shards, shard, ofOthers, other int) bool {
	return (shard-other)%gcd(shards, ofOthers) == 0
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
