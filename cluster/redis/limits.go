package redis

import (
	"context"
	"time"

	"busker/cluster"
)

// limits keeps rates; see scripts/take.lua.
type limits Redis

func (s *limits) Take(ctx context.Context, key string, l cluster.Limit) (time.Duration, error) {
	r := (*Redis)(s)
	wait, err := r.run(ctx, takeScript, []string{r.key("limit", key)}, micros(l.Every), max(l.Burst, 1))
	if err != nil {
		return 0, err
	}
	return duration(wait), nil
}
