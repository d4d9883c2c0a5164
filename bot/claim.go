package bot

import (
	"context"
	"sync"
	"time"

	"busker/cluster"
	"busker/internal/snowflake"
)

// ClusterClaims are claims of the process with an id among all that share c.
func ClusterClaims(c cluster.Claims, process string) Claims { return clusterClaims{c, process} }

type clusterClaims struct {
	claims  cluster.Claims
	process string
}

// claimLife is how long an interaction can be answered at all: its token's life.
const claimLife = 15 * time.Minute

// Claim implements Claims.
func (c clusterClaims) Claim(ctx context.Context, interaction snowflake.ID) (bool, error) {
	return c.claims.Claim(ctx, "interaction/"+interaction.String(), c.process, claimLife)
}

// claimTimeout is for whoever decides who answers: the user is waiting.
const claimTimeout = time.Second

// The answers to a claim, as labels of a metric.
const (
	claimFirst   = "first"
	claimTaken   = "taken"   // by another process
	claimTwice   = "twice"   // Discord told this process of it again
	claimUnknown = "unknown" // nobody can say
)

// claim reports whether this process may answer. Where nobody can decide that it may:
// Discord takes only one first answer, and nothing is done before it took ours.
func (c *call) claim(ctx context.Context) bool {
	id := c.answer.interaction()
	answer := claimFirst
	if first, _ := c.b.answered.Claim(ctx, id); !first {
		answer = claimTwice
	} else if c.b.opts.Claims != nil {
		answer = c.claimAmongAll(ctx, id)
	}
	c.b.metrics.claims.WithLabelValues(answer).Inc()
	return answer == claimFirst || answer == claimUnknown
}

func (c *call) claimAmongAll(ctx context.Context, id snowflake.ID) string {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	first, err := c.b.opts.Claims.Claim(ctx, id)
	switch {
	case err != nil:
		c.log.Debug("nobody can say who answers: Discord will", "err", err)
		return claimUnknown
	case first:
		return claimFirst
	}
	return claimTaken
}

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
