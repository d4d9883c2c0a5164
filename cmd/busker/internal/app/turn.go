package app

import (
	"context"
	"time"

	"busker/bot"
	"busker/cluster"
)

// turnKey is the rate of the requests all processes make together.
const turnKey = "discord"

// turn waits for a turn among all processes, nil where there is only this one.
func (a *App) turn() func(context.Context) error {
	if a.opts.alone {
		return nil
	}
	return turns{a.cluster.Limits, make(chan struct{}, 1)}.wait
}

// turns are those of all processes. One at a time asks for one.
type turns struct {
	limits cluster.Limits
	asking chan struct{}
}

// wait returns when it is our turn, also when nobody can say so: each process keeps a rate
// of its own as well.
func (t turns) wait(ctx context.Context) error {
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		wait, err := t.limits.Take(ctx, turnKey, cluster.Limit{Every: time.Second / bot.WritesPerSecond, Burst: bot.WritesAtOnce})
		if err != nil || wait <= 0 {
			return ctx.Err()
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
