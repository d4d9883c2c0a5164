package bot

import (
	"context"
	"sync"

	"busker/internal/snowflake"
)

// remembered is how many interactions a process remembers: a gateway that resumes
// replays a few hundred at most.
const remembered = 4096

// localClaims are claims within one process.
type localClaims struct {
	mu   sync.Mutex
	seen map[snowflake.ID]bool
	ring []snowflake.ID // the newest, oldest overwritten first
	next int
}

func newLocalClaims() *localClaims {
	return &localClaims{seen: map[snowflake.ID]bool{}, ring: make([]snowflake.ID, remembered)}
}

// Claim implements Claims.
func (c *localClaims) Claim(_ context.Context, interaction snowflake.ID) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[interaction] {
		return false, nil
	}
	delete(c.seen, c.ring[c.next])
	c.ring[c.next] = interaction
	c.next = (c.next + 1) % len(c.ring)
	c.seen[interaction] = true
	return true, nil
}
