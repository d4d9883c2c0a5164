package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"busker/cluster"
)

// permits space the identifies of all processes, as Discord asks: shard n belongs to
// bucket n % max_concurrency, and a bucket grants one identify per interval. A bot that
// identifies more often than the day's budget allows loses its token, so that none goes
// out when the budget is nearly used up, or unknown.
type permits struct {
	cluster     *cluster.Cluster
	concurrency int           // buckets
	every       time.Duration // per bucket
	ask         func(context.Context) (budget, error)
	log         *slog.Logger

	mu     sync.Mutex
	newest budget // what Discord said last; one at a time asks
}

// budget is how many sessions Discord allows to begin, as all processes count it.
type budget struct {
	Total     int       `json:"total"` // 0 = no limit
	Remaining int       `json:"remaining"`
	Reset     time.Time `json:"reset"` // when Remaining is Total again
	Asked     time.Time `json:"asked"` // when Discord said so
}

const (
	budgetKey = "identifies"
	// budgetAge is how long what Discord said is counted on while there is plenty.
	budgetAge = 10 * time.Minute
	// toldAge is how long a process goes by what it was told itself, where others may have
	// begun sessions since: as long as it takes to connect.
	toldAge = 2 * answerAge
	// permitRetry is the pause while the cluster or Discord does not answer.
	permitRetry = time.Second
	// budgetRetry is the pause between two looks at a budget that is used up.
	budgetRetry = time.Minute
)

// reserve is what is never used, for what the processes did not count: one percent, and
// no more than ten.
func (b budget) reserve() int { return min(10, b.Total/100) }

// fresh reports whether b may be counted on: near its end Discord is asked every time.
func (b budget) fresh(now time.Time) bool {
	switch {
	case b.Asked.IsZero(), now.Sub(b.Asked) > budgetAge:
		return false
	case b.Asked.After(now.Add(budgetAge)): // whoever asked has a clock that is wrong
		return false
	case b.Total == 0:
		return true
	case now.After(b.Reset):
		return false
	}
	return b.Remaining > b.reserve()+b.Total/20 || now.Sub(b.Asked) < permitRetry
}

// wait returns when shard may identify, at once.
func (p *permits) wait(ctx context.Context, shard int) error {
	for {
		if err := p.turn(ctx, shard); err != nil {
			return err
		}
		wait, err := p.spend(ctx, shard)
		if err != nil || wait <= 0 {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// turn waits for the shard's bucket.
func (p *permits) turn(ctx context.Context, shard int) error {
	key := fmt.Sprintf("identify/%d", shard%p.concurrency)
	for {
		wait, err := p.cluster.Limits.Take(ctx, key, cluster.Limit{Every: p.every, Burst: 1})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			p.log.Warn("no new session while the cluster cannot be reached: nobody knows who else begins one", "shard", shard, "err", err)
			wait = permitRetry
		case wait <= 0:
			return nil
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// spend takes one identify out of the day's budget, or returns when to try again.
func (p *permits) spend(ctx context.Context, shard int) (wait time.Duration, err error) {
	left, ok, err := p.count(ctx)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		p.log.Warn("no new session while nobody knows how many discord still allows", "shard", shard, "err", err)
		return permitRetry, nil
	case ok:
		return 0, nil
	}
	renewed := time.Until(left.Reset)
	p.log.Warn("no new session: discord allows almost none any more today, and would take the token of a bot that begins more",
		"shard", shard, "remaining", left.Remaining, "total", left.Total, "renewed_in", renewed.Round(time.Second))
	return max(permitRetry, min(budgetRetry, renewed)), nil
}

var errBudgetMoved = errors.New("others count at the same time")

// count counts one identify; ok is false when there is none left.
func (p *permits) count(ctx context.Context) (left budget, ok bool, err error) {
	for range 64 { // as many as may begin at once
		left, ok, err = p.countOnce(ctx)
		if !errors.Is(err, errBudgetMoved) {
			return left, ok, err
		}
	}
	return left, ok, err
}

func (p *permits) countOnce(ctx context.Context) (left budget, ok bool, err error) {
	written, found, err := p.cluster.Cache.Get(ctx, budgetKey)
	if err != nil {
		return left, false, err
	}
	if !found {
		written = nil
	}
	if json.Unmarshal(written, &left) != nil || !left.fresh(time.Now()) {
		if left, err = p.look(ctx, left.Asked); err != nil {
			return left, false, err
		}
	}
	if ok = left.Total == 0 || left.Remaining > left.reserve(); ok {
		left.Remaining--
	}
	value, err := json.Marshal(left)
	if err != nil {
		return left, false, err
	}
	swapped, err := p.cluster.Cache.Swap(ctx, budgetKey, written, value)
	if err == nil && !swapped {
		err = errBudgetMoved
	}
	return left, ok, err
}

// look asks Discord, unless it has answered a moment ago and since the count that is known.
func (p *permits) look(ctx context.Context, known time.Time) (budget, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest.Asked.After(known) && time.Since(p.newest.Asked) < toldAge && p.newest.fresh(time.Now()) {
		return p.newest, nil
	}
	b, err := p.ask(ctx)
	if err == nil {
		p.newest = b
	}
	return b, err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
