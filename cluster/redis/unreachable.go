package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"busker/cluster"

	"github.com/redis/go-redis/v9"
)

// refusals are how Redis says that it cannot at the moment, or not for us.
var refusals = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "NOREPLICAS", // failing over, starting
	"ERR max number of clients", "BUSY ", "UNKILLABLE", "UNBLOCKED",
	"OOM", "MISCONF", // full memory, full disk
	"NOAUTH", "WRONGPASS", "NOPERM",
}

// away are those of refusals after which nobody need ask at once again: the server
// that answers now is not the one to decide.
var away = []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "ERR max number of clients"}

// unreachable returns err as callers of cluster know it: ErrUnreachable for whatever
// means that Redis gave no answer, the context's error when the caller went away, and
// anything else, which is a bug, as it is. redis.Nil stays.
func unreachable(ctx context.Context, what string, err error) error {
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case answered(err) && !begins(err, refusals):
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, cluster.ErrUnreachable, err)
}

// answered says whether err is the server's.
func answered(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

func begins(err error, prefixes []string) bool {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	for _, prefix := range prefixes {
		if strings.HasPrefix(answer.Error(), prefix) {
			return true
		}
	}
	return false
}
