package redis

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"busker/cluster"
)

// members keeps who is there.
type members Redis

func (s *members) Announce(ctx context.Context, m cluster.Member, ttl time.Duration) error {
	description, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("describe a member: %w", err)
	}
	_, err = (*Redis)(s).run(ctx, announceScript, s.keys(), m.ID, micros(ttl), description)
	return err
}

func (s *members) Resign(ctx context.Context, id string) error {
	ctx = named(ctx, "resign")
	return unreachable(ctx, "resign", s.rdb.HDel(ctx, s.keys()[0], id).Err())
}

func (s *members) Members(ctx context.Context) ([]cluster.Member, error) {
	entries, err := list((*Redis)(s).run(ctx, membersScript, s.keys()))
	if err != nil {
		return nil, err
	}
	found := make([]cluster.Member, 0, len(entries))
	for _, entry := range entries {
		var m cluster.Member
		if err := json.Unmarshal([]byte(text(entry)), &m); err != nil {
			return nil, fmt.Errorf("a member's description: %w", err)
		}
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b cluster.Member) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

func (s *members) keys() []string { return []string{(*Redis)(s).slot("members", "members")} }
