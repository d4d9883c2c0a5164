package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

func init() { redis.SetLogger(silent{}) }

// silent is go-redis' logger: what it has to say is in errors and metrics, too.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
