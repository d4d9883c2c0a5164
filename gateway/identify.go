package gateway

import (
	"context"
	"sync"
	"time"
)

// identifyLimiter spaces the identifies of all shards: shard n belongs to bucket
// n % max_concurrency, and a bucket grants one identify per interval (Discord:
// 5 s). Breaking it is answered with op 9 and costs one of the day's sessions.
type identifyLimiter struct {
	every   time.Duration
	buckets []bucket
}

type bucket struct {
	mu   sync.Mutex
	next time.Time // when another identify may go out
}

func newIdentifyLimiter(concurrency int, every time.Duration) *identifyLimiter {
	return &identifyLimiter{every, make([]bucket, concurrency)}
}

// wait returns when shard may identify, at once.
func (l *identifyLimiter) wait(ctx context.Context, shard int) error {
	for {
		d := l.take(shard)
		if d <= 0 {
			return ctx.Err()
		}
		if err := pause(ctx, d); err != nil {
			return err
		}
	}
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

// take grants an identify, or says when to ask again.
func (l *identifyLimiter) take(shard int) time.Duration {
	b := &l.buckets[shard%len(l.buckets)]
	b.mu.Lock()
	defer b.mu.Unlock()
	d := time.Until(b.next)
	if d <= 0 {
		b.next = time.Now().Add(l.every)
	}
	return d
}
