package redis

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

// A breaker opens after this many failures in a row, and lets one call through after
// that time, to see whether the server is back. A call has failed when all its attempts
// have, of which a node of a cluster sees single ones.
const (
	breakAfter = 3
	breakFor   = 500 * time.Millisecond
)

type nameKey struct{}

// named gives the calls under ctx a name for the metrics; others go by the name of
// their command.
func named(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, nameKey{}, name)
}

// meter is the hook around whole calls, with everything go-redis tries for them.
type meter struct {
	metrics *Metrics
	down    *atomic.Bool
}

func (m meter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (m meter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if greets(cmd) {
			return next(ctx, cmd)
		}
		name, ok := ctx.Value(nameKey{}).(string)
		if !ok {
			name = cmd.Name()
		}
		started := time.Now()
		err := next(ctx, cmd)
		if waits(cmd) {
			started = time.Now() // it waited for news, not for the server
		}
		m.count(ctx, name, started, err)
		return err
	}
}

func (m meter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if greets(cmds...) {
			return next(ctx, cmds)
		}
		name, ok := ctx.Value(nameKey{}).(string)
		if !ok {
			name = "pipeline"
		}
		started := time.Now()
		err := next(ctx, cmds)
		m.count(ctx, name, started, err)
		return err
	}
}

func (m meter) count(ctx context.Context, name string, started time.Time, err error) {
	switch {
	case lost(err):
		m.down.Store(true)
	case !errors.Is(ctx.Err(), context.Canceled):
		m.down.Store(false)
	}
	m.metrics.observe(name, outcome(err), time.Since(started))
}

// fuse is the hook around what is asked of one server: while the server is away,
// callers hear so at once instead of waiting for the timeout.
type fuse struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
}

func newFuse(name string, changed func(name string, open bool)) fuse {
	return fuse{gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		MaxRequests: 1,
		Timeout:     breakFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakAfter },
		IsSuccessful: func(err error) bool {
			return !lost(err)
		},
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			switch {
			case to == gobreaker.StateOpen && from == gobreaker.StateClosed:
				changed(name, true)
			case to == gobreaker.StateClosed:
				changed(name, false)
			}
		},
	})}
}

// lost says whether err means that the server is not there: it counts against it.
func lost(err error) bool {
	switch {
	case err == nil, errors.Is(err, redis.Nil), errors.Is(err, context.Canceled):
		return false
	}
	return !answered(err) || begins(err, away)
}

func (f fuse) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return next(ctx, network, addr)
	}
}

func (f fuse) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if waits(cmd) || greets(cmd) {
			return next(ctx, cmd)
		}
		done, err := f.breaker.Allow()
		if err != nil {
			cmd.SetErr(err)
			return err
		}
		err = next(ctx, cmd)
		done(err)
		return err
	}
}

func (f fuse) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if greets(cmds...) {
			return next(ctx, cmds)
		}
		done, err := f.breaker.Allow()
		if err != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
			return err
		}
		err = next(ctx, cmds)
		done(err)
		return err
	}
}

// waits says whether the command is one that waits for news: no fuse is asked about it,
// since it says nothing about the server for seconds.
func waits(cmd redis.Cmder) bool {
	if name := cmd.Name(); name != "xread" && name != "xreadgroup" {
		return false
	}
	return slices.ContainsFunc(cmd.Args(), func(arg any) bool { return arg == "block" })
}

// greets says whether the commands are those that begin a connection, which go-redis
// sends through the hooks while a call waits for it.
func greets(cmds ...redis.Cmder) bool {
	return !slices.ContainsFunc(cmds, func(cmd redis.Cmder) bool {
		return !slices.Contains([]string{"hello", "auth", "client", "select", "readonly"}, cmd.Name())
	})
}
