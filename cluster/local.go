package cluster

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// Local returns a cluster of this process alone: the same contracts, kept in memory.
// Two calls return two clusters that know nothing of each other. It starts no
// goroutines and keeps the time of package time, so that it works in a synctest
// bubble.
func Local() *Cluster {
	return &Cluster{
		Leases:  &localLeases{byKey: map[string]*localLease{}},
		Members: &localMembers{byID: map[string]localMember{}},
		Claims:  &localClaims{byKey: map[string]localClaim{}},
		Limits:  &localLimits{next: map[string]time.Time{}},
		Cache:   &localCache{values: map[string]localValue{}, tables: map[string]*localTable{}},
		Bus:     newLocalBus(),
		Health:  localHealth{},
	}
}

// localHealth is always well.
type localHealth struct{}

func (localHealth) Reachable() bool { return true }

func (localHealth) Ping(ctx context.Context) (time.Duration, error) { return 0, ctx.Err() }

func (localHealth) Facts(ctx context.Context) (map[string]string, error) {
	return map[string]string{"mode": "in process", "version": runtime.Version()}, ctx.Err()
}

// sweep keeps maps of things that expire from growing: it runs f when a map has
// doubled since f last ran. The owner's mutex is held around due.
type sweep struct{ next int }

const sweepFrom = 1024 // smaller maps are left alone

func (s *sweep) due(size int, f func() (left int)) {
	if size < max(s.next, sweepFrom) {
		return
	}
	s.next = 2 * f()
}

type localClaims struct {
	mu    sync.Mutex
	byKey map[string]localClaim
	sweep sweep
}

type localClaim struct {
	by    string
	until time.Time
}

func (c *localClaims) Claim(ctx context.Context, key, by string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if held, ok := c.byKey[key]; ok && now.Before(held.until) {
		return held.by == by, nil
	}
	c.byKey[key] = localClaim{by, now.Add(ttl)}
	c.sweep.due(len(c.byKey), func() int {
		for key, claim := range c.byKey {
			if !now.Before(claim.until) {
				delete(c.byKey, key)
			}
		}
		return len(c.byKey)
	})
	return true, nil
}

// localLimits keeps, per key, the theoretical arrival time of GCRA.
type localLimits struct {
	mu    sync.Mutex
	next  map[string]time.Time
	sweep sweep
}

func (l *localLimits) Take(ctx context.Context, key string, limit Limit) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	next := l.next[key]
	if next.Before(now) {
		next = now
	}
	next = next.Add(limit.Every)
	if wait := next.Sub(now) - limit.Every*time.Duration(max(limit.Burst, 1)); wait > 0 {
		return wait, nil
	}
	l.next[key] = next
	l.sweep.due(len(l.next), func() int {
		for key, next := range l.next {
			if next.Before(now) {
				delete(l.next, key)
			}
		}
		return len(l.next)
	})
	return 0, nil
}
