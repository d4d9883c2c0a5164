package redis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"busker/cluster"
)

// notesFor is how long the note of an expired lease waits for the next owner.
const notesFor = 7 * 24 * time.Hour

// leases keeps leases; see scripts/lease.lua.
type leases Redis

func (s *leases) Acquire(ctx context.Context, key, owner string, ttl time.Duration) (cluster.Grant, error) {
	started := time.Now()
	answer, err := s.grant(ctx, acquireScript, key, owner, micros(ttl), micros(notesFor))
	if err != nil {
		return cluster.Grant{}, err
	}
	if len(answer) == 0 {
		return cluster.Grant{}, cluster.ErrHeld
	}
	return cluster.Grant{
		Lease: cluster.Lease{
			Key: key, Owner: owner, Token: s.token(answer[0]),
			TrustedUntil: cluster.TrustedUntil(started, ttl, s.opts.Margin),
		},
		Note: note(answer, 1),
	}, nil
}

func (s *leases) Renew(ctx context.Context, ttl time.Duration, leases ...cluster.Lease) ([]cluster.Lease, error) {
	if len(leases) == 0 {
		return nil, nil
	}
	started := time.Now()
	args := make([]any, 0, 1+3*len(leases))
	args = append(args, micros(ttl))
	for _, l := range leases {
		s.saw(l.Token)
		args = append(args, l.Key, l.Owner, l.Token)
	}
	answer, err := s.run(ctx, renewScript, args...)
	if err != nil {
		return nil, err
	}
	still := make([]cluster.Lease, 0, len(answer))
	for _, n := range answer {
		i, ok := n.(int64)
		if !ok || i < 1 || int(i) > len(leases) {
			return nil, errAnswer
		}
		l := leases[i-1]
		l.TrustedUntil = cluster.TrustedUntil(started, ttl, s.opts.Margin)
		still = append(still, l)
	}
	return still, nil
}

func (s *leases) Release(ctx context.Context, l cluster.Lease) error {
	s.saw(l.Token)
	_, err := s.run(ctx, releaseScript, l.Key, l.Owner, l.Token)
	return err
}

func (s *leases) Transfer(ctx context.Context, l cluster.Lease, to string, ttl time.Duration) (cluster.Held, error) {
	s.saw(l.Token)
	answer, err := s.grant(ctx, transferScript, l.Key, l.Owner, l.Token, to, micros(ttl))
	if err != nil {
		return cluster.Held{}, err
	}
	if len(answer) < 2 {
		return cluster.Held{}, cluster.ErrLost
	}
	return cluster.Held{
		Lease: cluster.Lease{Key: l.Key, Owner: to, Token: s.token(answer[0])},
		Note:  note(answer, 2),
		Left:  duration(answer[1]),
	}, nil
}

func (s *leases) Note(ctx context.Context, l cluster.Lease, note []byte) error {
	s.saw(l.Token)
	answer, err := (*Redis)(s).run(ctx, noteScript, s.keys(), s.seen.Load(), l.Key, l.Owner, l.Token, note)
	if err == nil && answer != int64(1) {
		err = cluster.ErrLost
	}
	return err
}

func (s *leases) List(ctx context.Context, prefix string) ([]cluster.Held, error) {
	answer, err := s.run(ctx, listScript, prefix)
	if err != nil {
		return nil, err
	}
	held := make([]cluster.Held, 0, len(answer))
	for _, entry := range answer {
		l, ok := entry.([]any)
		if !ok || len(l) < 4 {
			return nil, errAnswer
		}
		held = append(held, cluster.Held{
			Lease: cluster.Lease{Key: text(l[0]), Owner: text(l[1]), Token: s.token(l[2])},
			Note:  note(l, 4),
			Left:  duration(l[3]),
		})
	}
	slices.SortFunc(held, func(a, b cluster.Held) int { return cmp.Compare(a.Key, b.Key) })
	return held, nil
}

// errAnswer is a bug, here or in a script.
var errAnswer = errors.New("an answer of a script that makes no sense")

// run runs a script over all leases that returns a list.
func (s *leases) run(ctx context.Context, script script, args ...any) ([]any, error) {
	return list((*Redis)(s).run(ctx, script, s.keys(), append([]any{s.seen.Load()}, args...)...))
}

// grant is run for what grants a lease.
func (s *leases) grant(ctx context.Context, script script, args ...any) ([]any, error) {
	return list((*Redis)(s).grant(ctx, script, s.keys(), append([]any{s.seen.Load()}, args...)...))
}

func list(answer any, err error) ([]any, error) {
	entries, _ := answer.([]any)
	return entries, err
}

func (s *leases) keys() []string {
	r := (*Redis)(s)
	return []string{
		r.slot("leases", "leases"), r.slot("leases", "notes"),
		r.slot("leases", "token"), r.slot("leases", "since"), r.slot("leases", "forgot"),
		r.slot("leases", "clock"),
	}
}

// token reads a token of an answer, and remembers the highest: a server that knows
// less than we do has lost something.
func (s *leases) token(v any) uint64 {
	token, _ := strconv.ParseUint(text(v), 10, 64)
	s.saw(token)
	return token
}

func (s *leases) saw(token uint64) {
	for {
		seen := s.seen.Load()
		if token <= seen || s.seen.CompareAndSwap(seen, token) {
			return
		}
	}
}

// note is the i-th element of an answer, if it is there.
func note(answer []any, i int) []byte {
	if i >= len(answer) || answer[i] == nil {
		return nil
	}
	return []byte(text(answer[i]))
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func micros(d time.Duration) int64 { return d.Microseconds() }

func duration(v any) time.Duration {
	n, _ := strconv.ParseInt(text(v), 10, 64)
	return time.Duration(n) * time.Microsecond
}
