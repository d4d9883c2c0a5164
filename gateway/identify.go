package gateway

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// identifyLimiter spaces the identifies of all shards: shard n belongs to bucket
// n % max_concurrency, and a bucket grants one identify per interval (Discord:
// 5 s). Breaking it is answered with op 9 and costs one of the day's sessions.
type identifyLimiter struct{ buckets []*rate.Limiter }

func newIdentifyLimiter(concurrency int, every time.Duration) *identifyLimiter {
	l := &identifyLimiter{make([]*rate.Limiter, concurrency)}
	for i := range l.buckets {
		l.buckets[i] = rate.NewLimiter(rate.Every(every), 1)
	}
	return l
}

// wait returns when shard may identify.
func (l *identifyLimiter) wait(ctx context.Context, shard int) error {
	return l.buckets[shard%len(l.buckets)].Wait(ctx)
}
