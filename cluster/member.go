package cluster

import (
	"context"
	"time"
)

// Member is a process of the bot, as it last said of itself.
type Member struct {
	ID, Role, Host, Version string

	Started  time.Time
	Draining bool // it wants no shards
	Shards   int
	Guilds   int
	Players  int
	Playing  int
	Load     float64 // 0 to 1 of what its cores can do
}

// Members knows who is there.
type Members interface {
	// Announce says that m is there, for ttl.
	Announce(ctx context.Context, m Member, ttl time.Duration) error
	// Resign says that a member goes.
	Resign(ctx context.Context, id string) error
	// Members returns who is there, by ID.
	Members(ctx context.Context) ([]Member, error)
}
