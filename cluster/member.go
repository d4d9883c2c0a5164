package cluster

import (
	"context"
	"time"
)

// Member is a process of the bot, as it describes itself.
type Member struct {
	ID      string    `json:"id"`
	Role    string    `json:"role"`
	Host    string    `json:"host"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`

	// Draining members hand over what they own and take nothing.
	Draining bool `json:"draining,omitempty"`

	Shards  int     `json:"shards"`
	Guilds  int     `json:"guilds"`
	Players int     `json:"players"`
	Playing int     `json:"playing"`
	Load    float64 `json:"load"` // 0 to 1 of what its cores can do
}

// Members is who is there.
type Members interface {
	// Announce says that m is here for the next ttl, and how it is. A later
	// announcement of the same id replaces it.
	Announce(ctx context.Context, m Member, ttl time.Duration) error
	// Resign takes the member off the list at once.
	Resign(ctx context.Context, id string) error
	// Members returns those whose announcement has not expired, by ID.
	Members(ctx context.Context) ([]Member, error)
}
