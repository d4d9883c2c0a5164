package main

import (
	"context"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cmd/busker/internal/config"
	"busker/internal/fault"
	"busker/internal/telemetry"
)

// others is the way to the other processes of the bot; nil when there are none.
type others struct{ *redis.Redis }

// openCluster opens it, unless this process is the whole bot, and gives the process its id.
func openCluster(ctx context.Context, s *config.Config, tel *telemetry.Telemetry) (*others, error) {
	s.Cluster.Name = s.Cluster.Member()
	if s.Redis.URL == "" {
		return nil, nil //nolint:nilnil // nobody is there
	}
	r, err := redis.Open(ctx, redis.Options{
		URL: redis.URL(s.Redis.URL.Reveal()), Namespace: s.Cluster.Namespace, Process: s.Cluster.Name,
		Logger: tel.Logger().With("part", "cluster"), Metrics: redis.NewMetrics(tel.Registry()),
	})
	switch {
	case fault.KindOf(err) == fault.Invalid: // the address
		return nil, usageError{err}
	case err != nil:
		return nil, err
	}
	return &others{r}, nil
}

// agreed is what the processes agree on, nil without others.
func (o *others) agreed() *cluster.Cluster {
	if o == nil {
		return nil
	}
	return o.Cluster()
}

func (o *others) run(ctx context.Context) error {
	if o == nil {
		<-ctx.Done()
		return nil
	}
	return o.Run(ctx)
}

func (o *others) close() {
	if o != nil {
		_ = o.Close()
	}
}
