package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"busker/bot"
	"busker/cluster"
	"busker/cmd/busker/internal/app"
	"busker/internal/bubble"
)

// Two processes make no more requests than one.
func TestTurnsAreSharedByAllProcesses(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		limits := cluster.Local().Limits
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second-time.Nanosecond)
		defer cancel()
		const processes, each = 3, 4
		made := make(chan int)
		for range processes {
			turn := app.Turns(limits)
			for range each {
				go func() {
					n := 0
					for turn(ctx) == nil {
						n++
					}
					made <- n
				}()
			}
		}
		all := 0
		for range processes * each {
			all += <-made
		}
		if want := 10*bot.WritesPerSecond + bot.WritesAtOnce; all > want || all < want*9/10 {
			t.Errorf("%d requests in ten seconds, want %d", all, want)
		}
	})
}

// Where nobody can say whose turn it is, nobody waits for ever.
func TestTurnsWithoutACluster(t *testing.T) {
	t.Parallel()
	if err := app.Turns(noLimits{})(t.Context()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := app.Turns(noLimits{})(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type noLimits struct{}

func (noLimits) Take(context.Context, string, cluster.Limit) (time.Duration, error) {
	return 0, cluster.ErrUnreachable
}
