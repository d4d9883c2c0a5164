package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cmd/busker/internal/config"
	"busker/internal/fault"
	"busker/internal/telemetry"
)

// others is the way to the other processes of the bot; nil when there are none.
type others struct{ *redis.Redis }

// openCluster opens it, unless this process is the whole bot, and gives the process a name.
func openCluster(ctx context.Context, s *config.Config, tel *telemetry.Telemetry) (*others, error) {
	named := s.Cluster.Name != ""
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
	o := &others{r}
	if named {
		if err := o.await(ctx, s, tel.Logger()); err != nil {
			o.close()
			return nil, err
		}
	}
	return o, nil
}

// await returns when no other process has this one's name. One that has died has it until
// its lease ends; one that lives keeps it, and two of one name would be one owner to
// Redis: both would serve the same shards. Where Redis does not answer nobody can tell.
func (o *others) await(ctx context.Context, s *config.Config, log *slog.Logger) error {
	var other *cluster.Member
	ctx, cancel := context.WithTimeout(ctx, s.Cluster.LeaseTTL+nameSlack)
	defer cancel()
	err := every(ctx, nameSlack/10, func() (bool, error) {
		members, err := o.Cluster().Members.Members(ctx)
		if err != nil {
			return ctx.Err() == nil, nil //nolint:nilerr // ownership begins when it answers
		}
		i := slices.IndexFunc(members, func(m cluster.Member) bool { return m.ID == s.Cluster.Name })
		if i < 0 {
			other = nil
			return true, nil
		}
		if other == nil {
			log.Info("a process of this name was there a moment ago: waiting whether it still is", "process", s.Cluster.Name, "host", members[i].Host)
		}
		other = &members[i]
		return false, nil
	})
	if err != nil || other == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	return usageError{fmt.Errorf("another process runs under the name %q, on the host %s since %s. "+
		"Give each its own in BUSKER_CLUSTER_NAME, or leave it out", other.ID, other.Host, other.Started.Local().Format(time.DateTime))}
}

// nameSlack is how much later than its lease a process that died may be forgotten.
const nameSlack = time.Second

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
