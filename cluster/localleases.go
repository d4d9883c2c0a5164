package cluster

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// localLeases are the leases of one process.
type localLeases struct {
	mu    sync.Mutex
	token uint64
	byKey map[string]*localLease
}

type localLease struct {
	owner string // "" = released
	token uint64
	until time.Time
	note  []byte

	// What the newest transfer was asked with, so that it can be asked again.
	previous uint64
}

func (l *localLease) current(of Lease) bool {
	return l != nil && l.owner == of.Owner && l.token == of.Token && of.Owner != ""
}

func (l *localLease) held(now time.Time) bool {
	return l != nil && l.owner != "" && now.Before(l.until)
}

func (s *localLeases) Acquire(ctx context.Context, key, owner string, ttl time.Duration) (Grant, error) {
	if err := ctx.Err(); err != nil {
		return Grant{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	l := s.byKey[key]
	switch {
	case l.held(now) && l.owner != owner:
		return Grant{}, ErrHeld
	case l == nil:
		l = &localLease{}
		s.byKey[key] = l
		fallthrough
	case !l.held(now):
		l.owner, l.token, l.previous = owner, s.grant(), 0
	}
	l.until = now.Add(ttl)
	return Grant{
		Lease: Lease{Key: key, Owner: owner, Token: l.token, TrustedUntil: TrustedUntil(now, ttl, 0)},
		Note:  slices.Clone(l.note),
	}, nil
}

// grant returns the next token. It begins at the time, so that a process that starts
// again goes on above what it stored with the tokens of the one before.
func (s *localLeases) grant() uint64 {
	s.token = max(s.token+1, uint64(time.Now().UnixMicro()))
	return s.token
}

func (s *localLeases) Renew(ctx context.Context, ttl time.Duration, leases ...Lease) ([]Lease, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var still []Lease
	for _, lease := range leases {
		l := s.byKey[lease.Key]
		if !l.current(lease) {
			continue
		}
		l.until = now.Add(ttl)
		lease.TrustedUntil = TrustedUntil(now, ttl, 0)
		still = append(still, lease)
	}
	return still, nil
}

func (s *localLeases) Release(ctx context.Context, lease Lease) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.byKey[lease.Key]; l.current(lease) {
		l.owner = ""
	}
	return nil
}

func (s *localLeases) Transfer(ctx context.Context, lease Lease, to string, ttl time.Duration) (Held, error) {
	if err := ctx.Err(); err != nil {
		return Held{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	l := s.byKey[lease.Key]
	switch {
	case l.current(lease):
		l.owner, l.token, l.previous = to, s.grant(), lease.Token
		l.until = now.Add(ttl)
	case l.held(now) && l.owner == to && l.previous == lease.Token && lease.Token != 0:
	default:
		return Held{}, ErrLost
	}
	return l.seen(lease.Key, now), nil
}

func (s *localLeases) Note(ctx context.Context, lease Lease, note []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.byKey[lease.Key]
	if !l.current(lease) {
		return ErrLost
	}
	l.note = slices.Clone(note)
	return nil
}

func (s *localLeases) List(ctx context.Context, prefix string) ([]Held, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var list []Held
	for key, l := range s.byKey {
		if l.held(now) && strings.HasPrefix(key, prefix) {
			list = append(list, l.seen(key, now))
		}
	}
	slices.SortFunc(list, func(a, b Held) int { return cmp.Compare(a.Key, b.Key) })
	return list, nil
}

// seen is the lease as others see it.
func (l *localLease) seen(key string, now time.Time) Held {
	return Held{
		Lease: Lease{Key: key, Owner: l.owner, Token: l.token},
		Note:  slices.Clone(l.note),
		Left:  l.until.Sub(now),
	}
}
