package cluster

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// localMembers is who is in this process.
type localMembers struct {
	mu   sync.Mutex
	byID map[string]localMember
}

type localMember struct {
	Member
	until time.Time
}

func (s *localMembers) Announce(ctx context.Context, m Member, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[m.ID] = localMember{m, time.Now().Add(ttl)}
	return nil
}

func (s *localMembers) Resign(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
	return nil
}

func (s *localMembers) Members(ctx context.Context) ([]Member, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var list []Member
	for id, m := range s.byID {
		if !now.Before(m.until) {
			delete(s.byID, id)
			continue
		}
		list = append(list, m.Member)
	}
	slices.SortFunc(list, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}
