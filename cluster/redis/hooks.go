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
	metrics  *Metrics
	down     *atomic.Bool
	patience time.Duration // what an answer may take
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
	result := outcome(err)
	switch {
	case unheard(ctx, started, m.patience, err), errors.Is(err, context.Canceled):
		result = resultUnheard
	case lost(err):
		m.down.Store(true)
	case !errors.Is(ctx.Err(), context.Canceled):
		m.down.Store(false)
	}
	m.metrics.observe(name, result, time.Since(started))
}

// fuse is the hook around what is asked of one server: while the server is away,
// callers hear so at once instead of waiting for the timeout.
type fuse struct {
	breaker  *gobreaker.TwoStepCircuitBreaker[struct{}]
	patience time.Duration // what an answer may take
}

// newFuse makes one; changed is called with why the server is no longer asked, and with nil
// when it is again.
func newFuse(name string, patience time.Duration, changed func(name string, why error)) fuse {
	var newest atomic.Pointer[error] // why: the newest error that counted
	return fuse{patience: patience, breaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		MaxRequests: 1,
		Timeout:     breakFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakAfter },
		IsSuccessful: func(err error) bool {
			if lost(err) {
				newest.Store(&err)
				return false
			}
			return true
		},
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) || errors.Is(err, errUnheard) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			switch {
			case to == gobreaker.StateOpen && from == gobreaker.StateClosed:
				changed(name, *newest.Load())
			case to == gobreaker.StateClosed:
				changed(name, nil)
			}
		},
	})}
}

// errUnheard stands for what unheard says.
var errUnheard = errors.New("no fault of the server's")

// unheard says whether err, of a call that was begun at started, tells nothing about the
// server: its caller did not wait for as long as an answer may take, or all connections
// were in use.
func unheard(ctx context.Context, started time.Time, patience time.Duration, err error) bool {
	switch {
	case !lost(err):
		return false
	case errors.Is(err, redis.ErrPoolTimeout):
		return true
	}
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(started) < patience && !time.Now().Before(deadline)
}

// tell has the breaker know how a call went.
func (f fuse) tell(ctx context.Context, started time.Time, done func(error), err error) {
	if unheard(ctx, started, f.patience, err) {
		err = errUnheard
	}
	done(err)
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
		started := time.Now()
		err = next(ctx, cmd)
		f.tell(ctx, started, done, err)
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
		started := time.Now()
		err = next(ctx, cmds)
		f.tell(ctx, started, done, err)
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
