package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// claims keeps who was first.
type claims Redis

func (s *claims) Claim(ctx context.Context, key, by string, ttl time.Duration) (bool, error) {
	ctx = named(ctx, "claim")
	before, err := s.rdb.SetArgs(ctx, (*Redis)(s).key("claim", key), by, redis.SetArgs{
		Mode: "NX", TTL: ttl, Get: true,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return true, nil
	}
	if err != nil {
		return false, unreachable(ctx, "claim", err)
	}
	return before == by, nil
}
