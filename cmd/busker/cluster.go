package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/standing"
	"busker/gateway"
)

// clusterCommand groups the commands about a bot that runs in many processes.
type clusterCommand struct {
	Status    clusterStatusCommand    `cmd:"" help:"Show processes, shards, bus and Redis."`
	Drain     clusterDrainCommand     `cmd:"" help:"Have a process give its shards to the others, and take none from then on."`
	Rebalance clusterRebalanceCommand `cmd:"" help:"Even the shards out over the processes, those included whose servers play."`
	Reshard   clusterReshardCommand   `cmd:"" help:"Go over to another number of shards while the bot runs."`
	Dead      clusterDeadCommand      `cmd:"" help:"Look at messages nobody could handle, send them again or forget them."`
}

// clustered is embedded by the commands that only need Redis.
type clustered struct {
	ConfigFile string         `name:"config" short:"c" placeholder:"FILE" help:"Configuration file; busker.yaml in this folder is read when it is there."`
	Redis      config.Redis   `embed:"" prefix:"redis-" group:"redis"`
	Cluster    config.Cluster `embed:"" prefix:"cluster-" group:"cluster"`
}

// BeforeResolve is kong's hook.
func (c *clustered) BeforeResolve(ctx *kong.Context) error {
	_, err := openConfig(ctx)
	return err
}

var errNoRedis = usageError{errors.New("there is no address of Redis. " +
	"Put the one the bot's processes use into REDIS_URL")}

const (
	// orderPatience is how long an order may take to be taken, and a look at Redis.
	orderPatience = 10 * time.Second
	// watchEvery is the time between two looks.
	watchEvery = time.Second
)

// with opens the cluster for one piece of work.
func (c *clustered) with(ctx context.Context, work func(context.Context, *cluster.Cluster) error) error {
	if c.Redis.URL == "" {
		return errNoRedis
	}
	r, err := redis.Open(ctx, redis.Options{
		URL: redis.URL(c.Redis.URL.Reveal()), Namespace: c.Cluster.Namespace, Process: "busker-cluster",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // all that was ordered was answered
	return unreached(work(ctx, r.Cluster()))
}

// once is with, for a bounded time.
func (c *clustered) once(ctx context.Context, work func(context.Context, *cluster.Cluster) error) error {
	ctx, cancel := context.WithTimeout(ctx, orderPatience)
	defer cancel()
	return c.with(ctx, work)
}

type clusterStatusCommand struct {
	clustered
	JSON  bool `name:"json" help:"Print it for programs."`
	Watch bool `short:"w" help:"Print it again every second, until Ctrl-C."`
}

// Run prints how things stand.
func (c *clusterStatusCommand) Run(ctx context.Context) error {
	if !c.Watch {
		return c.once(ctx, c.show)
	}
	return c.with(ctx, func(ctx context.Context, cl *cluster.Cluster) error {
		return every(ctx, watchEvery, func() (done bool, err error) {
			if !c.JSON {
				if _, err := io.WriteString(os.Stdout, "\x1b[H\x1b[2J"); err != nil { // to the upper left, and nothing there
					return false, err
				}
			}
			look, cancel := context.WithTimeout(ctx, orderPatience)
			defer cancel()
			if err := c.show(look, cl); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, err) // and look again: it may come back
			}
			return false, nil
		})
	})
}

func (c *clusterStatusCommand) show(ctx context.Context, cl *cluster.Cluster) error {
	s, err := standing.Take(ctx, cl)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(os.Stdout)
	}
	return s.Print(os.Stdout)
}

// every calls look at once and then at an even pace, until it is done, fails or ctx ends,
// which is no error.
func every(ctx context.Context, pace time.Duration, look func() (done bool, err error)) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

type clusterDrainCommand struct {
	clustered
	Process string        `arg:"" help:"The process, as busker cluster status names it: by its name, or by its id where several have the name."`
	Wait    bool          `help:"Return when it has no shard left."`
	Timeout time.Duration `default:"2m" placeholder:"TIME" help:"How long to wait at most."`
}

// Run gives the order, and waits if that was asked for.
func (c *clusterDrainCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, cl *cluster.Cluster) error {
		id, err := c.order(ctx, cl)
		if err != nil || !c.Wait {
			return err
		}
		return wait(ctx, c.Timeout, func(ctx context.Context) (left string, err error) {
			return shardsOf(ctx, cl, id)
		})
	})
}

// order gives the order and returns the id of the process it went to.
func (c *clusterDrainCommand) order(ctx context.Context, cl *cluster.Cluster) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, orderPatience)
	defer cancel()
	members, err := cl.Members.Members(ctx)
	if err != nil {
		return "", err
	}
	if id, err = memberCalled(c.Process, members); err != nil {
		return "", err
	}
	takers := 0
	for _, m := range members {
		serves := config.Role(m.Role).Serves()
		switch {
		case m.ID == id && !serves:
			return "", fmt.Errorf("the process %q runs no shards: its role is %s", c.Process, m.Role)
		case m.ID != id && serves && !m.Draining:
			takers++
		}
	}
	if err := gateway.OrderDrain(ctx, cl, id); err != nil {
		return "", err
	}
	if takers == 0 {
		fmt.Fprintf(os.Stderr, "No other process takes shards: %s keeps its own until one does.\n", c.Process)
	}
	return id, nil
}

// memberCalled returns the id of the one member with a name or an id.
func memberCalled(process string, members []cluster.Member) (string, error) {
	var all, called []string
	for _, m := range members {
		if m.ID == process {
			return m.ID, nil
		}
		all = append(all, m.ID)
		if cluster.NameOf(m.ID) == process {
			called = append(called, m.ID)
		}
	}
	switch {
	case len(all) == 0:
		return "", fmt.Errorf("there is no process %q, nor any other", process)
	case len(called) == 0:
		return "", fmt.Errorf("there is no process %q; there are: %s", process, strings.Join(all, ", "))
	case len(called) == 1:
		return called[0], nil
	}
	return "", fmt.Errorf("%d processes are called %q; say which: %s", len(called), process, strings.Join(called, ", "))
}

// shardsOf says which shards a process has left; "" = none.
func shardsOf(ctx context.Context, cl *cluster.Cluster, process string) (string, error) {
	o, err := gateway.Look(ctx, cl)
	if err != nil {
		return "", err
	}
	n := 0
	for _, w := range o.Each {
		if w.Owner == process {
			n++
		}
	}
	if n == 0 {
		return "", nil
	}
	return fmt.Sprintf("%s has %d of %d shards left", cluster.NameOf(process), n, o.Shards), nil
}

// wait looks every second what is left to be done, and says so when it changes.
func wait(ctx context.Context, most time.Duration, left func(context.Context) (string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	last, finished := "", false
	err := every(ctx, watchEvery, func() (bool, error) {
		now, err := left(ctx)
		switch {
		case ctx.Err() != nil:
			return false, nil //nolint:nilerr // it is over, and left says what there was to be done
		case errors.Is(err, cluster.ErrUnreachable): // it may come back
			now = err.Error()
		case err != nil:
			return false, err
		}
		if now != last && now != "" {
			fmt.Fprintln(os.Stderr, now)
		}
		last, finished = now, now == ""
		return finished, nil
	})
	if err == nil && !finished {
		return fmt.Errorf("not done: %s", last)
	}
	return err
}

type clusterRebalanceCommand struct{ clustered }

// Run gives the order.
func (c *clusterRebalanceCommand) Run(ctx context.Context) error {
	return c.once(ctx, gateway.OrderRebalance)
}

type clusterReshardCommand struct {
	clustered
	Shards  int           `arg:"" help:"How many shards there are to be. The present number calls resharding off."`
	Wait    bool          `help:"Return when there are so many."`
	Timeout time.Duration `default:"1h" placeholder:"TIME" help:"How long to wait at most: sessions begin one after another."`
}

// Run sets the number, and waits if that was asked for.
func (c *clusterReshardCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, cl *cluster.Cluster) error {
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, orderPatience)
			defer cancel()
			return gateway.Reshard(ctx, cl, c.Shards)
		}()
		if err != nil || !c.Wait {
			return err
		}
		return wait(ctx, c.Timeout, func(ctx context.Context) (string, error) { return c.left(ctx, cl) })
	})
}

// left says what is left of going over; "" = nothing.
func (c *clusterReshardCommand) left(ctx context.Context, cl *cluster.Cluster) (string, error) {
	o, err := gateway.Look(ctx, cl)
	if err != nil || o.Shards == c.Shards && o.Next == 0 {
		return "", err
	}
	up := 0
	for _, w := range o.Each {
		if w.Shards == c.Shards && w.Up {
			up++
		}
	}
	return fmt.Sprintf("%d of %d new shards are up", up, c.Shards), nil
}
